// SPDX-License-Identifier: Apache-2.0
//
// The one way in which Joist refers to memory that it manages itself: records, schedulers, slots, message nodes.
// H1. What a handle leads to is never unmapped while a handle to it can be used: records and runtimes keep their
//     addresses for the program's life, the others live as long as what owns them.
// H2. Who may touch which field, and when, is written beside the field and holds for handles as for any reference.

import CJoist
import Synchronization

/// A reference without a count: eight bytes, no retain, no exclusivity check, and no field is copied to reach another.
///
/// Sound: by H1 the memory is there and initialised; by H2 what is not atomic has one owner at a time. So the rest of
/// the runtime is written without the word `unsafe`.
@safe
@usableFromInline
package struct Handle<Pointee: ~Copyable>: Equatable, @unchecked Sendable {
  /// Where it is.
  @usableFromInline package let pointer: UnsafeMutablePointer<Pointee>

  @inlinable @inline(__always)
  package init(_ pointer: UnsafeMutablePointer<Pointee>) {
    unsafe self.pointer = pointer
  }

  /// The value itself, in place.
  @inlinable package var it: Pointee {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(pointer) }
    @inline(__always) nonmutating unsafeMutableAddress { unsafe pointer }
  }

  @inlinable @inline(__always)
  package static func == (a: Self, b: Self) -> Bool { unsafe a.pointer == b.pointer }

  // Sound: as the type says; an address is only compared and passed on here.
  /// The address as a number: for words that hold an address and flags.
  @inlinable package var bits: UInt { @inline(__always) get { unsafe UInt(bitPattern: pointer) } }

  /// The handle with that address; nil for zero.
  @inlinable @inline(__always)
  package init?(bits: UInt) {
    guard let pointer = unsafe UnsafeMutablePointer<Pointee>(bitPattern: bits) else { return nil }
    unsafe self.pointer = pointer
  }

  // Sound: as above.
  /// The handle with that address, which is not zero.
  @inlinable @inline(__always)
  package init(address: UInt) { unsafe pointer = UnsafeMutablePointer<Pointee>(bitPattern: address).unsafelyUnwrapped }

  /// New memory from malloc for something that lives until `free`.
  package static func allocate(_ value: consuming Pointee) -> Self {
    let pointer = UnsafeMutablePointer<Pointee>.allocate(capacity: 1)
    unsafe pointer.initialize(to: value)
    return unsafe Self(pointer)
  }

  // Sound: the block is new, aligned, and long enough.
  /// The same; nil when malloc has none, which destroys the value.
  private static func allocateIfPossible(_ value: consuming Pointee) -> Self? {
    let (bytes, alignment) = (MemoryLayout<Pointee>.size, max(16, MemoryLayout<Pointee>.alignment))
    guard let block = unsafe joist_allocate(bytes, alignment) else { return nil }
    let pointer = unsafe block.bindMemory(to: Pointee.self, capacity: 1)
    unsafe pointer.initialize(to: value)
    return unsafe Self(pointer)
  }

  // Sound: the caller knows that such a thing lies there.
  /// What lies so many bytes on, or before.
  @inlinable @inline(__always)
  package func part<Part: ~Copyable>(_ type: Part.Type, at offset: Int) -> Handle<Part> {
    unsafe Handle<Part>((UnsafeMutableRawPointer(pointer) + offset).assumingMemoryBound(to: type))
  }

  // Sound: the caller knows that there is one.
  /// The one that lies so many further on.
  @inlinable @inline(__always)
  package func advanced(by distance: Int) -> Self { unsafe Self(pointer + distance) }

  // Sound: the caller has the value for itself.
  /// Puts a value in and hands the old one out.
  package func exchange(_ value: consuming Pointee) -> Pointee {
    let old = unsafe pointer.move()
    unsafe pointer.initialize(to: value)
    return old
  }

  // Ordering: whoever reads the word sees the value, and this thread sees what another was quicker to install.
  // Sequentially consistent for PX2, which costs an exchange nothing.
  /// Allocates a value, stores its address in a word that is zero, and returns the handle that the word names then:
  /// another thread's, where that was quicker; nil when malloc has no memory.
  static func install(_ value: consuming Pointee, in word: borrowing Atomic<UInt>) -> Self? {
    guard let made = allocateIfPossible(value) else { return nil }
    let (done, seen) = word.compareExchange(expected: 0, desired: made.bits, ordering: .sequentiallyConsistent)
    if done { return made }
    made.free()
    return Self(address: seen)
  }

  /// Destroys the value and gives the memory back; no handle to it may be used again (H1).
  package func free() {
    unsafe pointer.deinitialize(count: 1)
    unsafe pointer.deallocate()
  }
}

extension Handle where Pointee: ~Copyable {
  // Sound: addresses are only subtracted.
  /// Where a field lies, in bytes from the beginning: for tests of layouts.
  func offset<Field: ~Copyable>(_ field: UnsafePointer<Field>) -> Int { Int(UInt(bitPattern: field) - bits) }

  // Sound: the memory is new.
  /// New memory from malloc for so many, one after the other, until `free(count:)` of the first.
  package static func allocate(count: Int, _ make: () -> Pointee) -> Self {
    let pointer = UnsafeMutablePointer<Pointee>.allocate(capacity: count)
    for index in 0..<count { unsafe (pointer + index).initialize(to: make()) }
    return unsafe Self(pointer)
  }

  // Sound: all of them were made by `allocate(count:)`.
  /// Destroys so many and gives their memory back (H1).
  package func free(count: Int) {
    unsafe pointer.deinitialize(count: count)
    unsafe pointer.deallocate()
  }
}
