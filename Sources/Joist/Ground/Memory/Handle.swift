// SPDX-License-Identifier: Apache-2.0
//
// The only reference type for memory that Joist manages itself: records, schedulers, slots, message nodes.
//
// Memory is not unmapped while a handle to it can be used: records and runtimes keep their addresses for the program's
// life, and all other memory lives as long as its owner. The comment beside each field says which thread may touch it
// and when; that holds for a handle as for any other reference.

import CJoist
import Synchronization

/// A reference without a count: eight bytes, no retain, no exclusivity check, and no field is copied to reach another.
///
/// Sound: as the file header says, the memory is mapped and initialised, and a field that is not atomic has one owner
/// at a time. So the rest of the runtime is written without the keyword `unsafe`.
@safe
@usableFromInline
package struct Handle<Pointee: ~Copyable>: Equatable, @unchecked Sendable {
  /// The address of the value.
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

  // Sound: as the type says; here an address is only compared and passed on.
  /// The address as a number, for words that hold an address and flags.
  @inlinable package var bits: UInt { @inline(__always) get { unsafe UInt(bitPattern: pointer) } }

  /// Makes the handle with that address; returns nil for zero.
  @inlinable @inline(__always)
  package init?(bits: UInt) {
    guard let pointer = unsafe UnsafeMutablePointer<Pointee>(bitPattern: bits) else { return nil }
    unsafe self.pointer = pointer
  }

  // Sound: as above.
  /// Makes the handle with that address, which must not be zero.
  @inlinable @inline(__always)
  package init(address: UInt) { unsafe pointer = UnsafeMutablePointer<Pointee>(bitPattern: address).unsafelyUnwrapped }

  /// Allocates memory with malloc for a value that lives until `free`.
  package static func allocate(_ value: consuming Pointee) -> Self {
    let pointer = UnsafeMutablePointer<Pointee>.allocate(capacity: 1)
    unsafe pointer.initialize(to: value)
    return unsafe Self(pointer)
  }

  // Sound: the block is new, aligned, and long enough.
  /// Allocates memory with malloc; if there is none, destroys the value and returns nil.
  static func allocateIfPossible(_ value: consuming Pointee) -> Self? {
    let (bytes, alignment) = (MemoryLayout<Pointee>.size, max(16, MemoryLayout<Pointee>.alignment))
    guard let block = unsafe joist_allocate(bytes, alignment) else { return nil }
    let pointer = unsafe block.bindMemory(to: Pointee.self, capacity: 1)
    unsafe pointer.initialize(to: value)
    return unsafe Self(pointer)
  }

  // Sound: the caller knows that a value of this type lies there.
  /// Returns a handle to the value at a byte offset, which may be negative.
  @inlinable @inline(__always)
  package func part<Part: ~Copyable>(_ type: Part.Type, at offset: Int) -> Handle<Part> {
    unsafe Handle<Part>((UnsafeMutableRawPointer(pointer) + offset).assumingMemoryBound(to: type))
  }

  // Sound: the caller knows that there is a value there.
  /// Returns a handle to the value `distance` elements further on.
  @inlinable @inline(__always)
  package func advanced(by distance: Int) -> Self { unsafe Self(pointer + distance) }

  // Sound: the caller has exclusive access to the value.
  /// Stores a value and returns the old one.
  package func exchange(_ value: consuming Pointee) -> Pointee {
    let old = unsafe pointer.move()
    unsafe pointer.initialize(to: value)
    return old
  }

  // Ordering: a thread that reads the word sees the value, and this thread sees the value that another installed first.
  // The exchange is sequentially consistent for PX2, which adds no cost to an exchange.
  /// Allocates a value, stores its address in a word that is zero, and returns the handle that the word then holds.
  ///
  /// If another thread installed a value first, destroys the new one and returns that thread's. Returns nil if malloc
  /// has no memory.
  static func install(_ value: consuming Pointee, in word: borrowing Atomic<UInt>) -> Self? {
    guard let made = allocateIfPossible(value) else { return nil }
    let (done, seen) = word.compareExchange(expected: 0, desired: made.bits, ordering: .sequentiallyConsistent)
    if done { return made }
    made.free()
    return Self(address: seen)
  }

  /// Destroys the value and frees its memory; no handle to it may be used afterwards.
  package func free() {
    unsafe pointer.deinitialize(count: 1)
    unsafe pointer.deallocate()
  }
}

extension Handle where Pointee: ~Copyable {
  // Sound: addresses are only subtracted.
  /// Returns the offset of a field in bytes, for tests of layouts.
  func offset<Field: ~Copyable>(_ field: UnsafePointer<Field>) -> Int { Int(UInt(bitPattern: field) - bits) }

  // Sound: the memory is new.
  /// Allocates memory with malloc for `count` consecutive values, which live until `free(count:)` of the first.
  package static func allocate(count: Int, _ make: () -> Pointee) -> Self {
    let pointer = UnsafeMutablePointer<Pointee>.allocate(capacity: count)
    for index in 0..<count { unsafe (pointer + index).initialize(to: make()) }
    return unsafe Self(pointer)
  }

  // Sound: `allocate(count:)` made all of them.
  /// Destroys `count` consecutive values and frees their memory.
  package func free(count: Int) {
    unsafe pointer.deinitialize(count: count)
    unsafe pointer.deallocate()
  }
}
