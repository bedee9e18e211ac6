// SPDX-License-Identifier: Apache-2.0
//
// References into a private heap. They are numbers, not addresses, so that the objects can move (PH2).

/// A reference to a value on a process's private heap.
///
/// A reference has eight bytes, also as an optional. It is valid until the next collection, which updates the
/// references that it keeps in place. Following a reference that was not kept, or that belongs to another process,
/// traps and ends the process. Two references are equal if they lead to the same object; because a collection changes
/// them, they are no good as keys.
@safe
public struct HeapRef<Pointee: BitwiseCopyable>: BitwiseCopyable, Equatable {
  // Sound: never followed as a pointer. The bits are never zero, which leaves zero for nil.
  @usableFromInline let pattern: UnsafeRawPointer

  /// The number of the object in its space, and the space.
  @inlinable var bits: UInt { @inline(__always) get { unsafe UInt(bitPattern: pattern) } }

  @inlinable @inline(__always)
  init(bits: UInt) { unsafe pattern = UnsafeRawPointer(bitPattern: bits).unsafelyUnwrapped }

  /// Whether both references lead to the same object.
  @inlinable @inline(__always)
  public static func == (a: Self, b: Self) -> Bool { a.bits == b.bits }
}

@available(*, unavailable, message: "a heap reference stays in its process; `send(copying:)` copies what it leads to")
extension HeapRef: Sendable {}

/// A reference to an array on a process's private heap.
///
/// It has eight bytes; the array itself holds its count, which never changes. `HeapArray<UInt8>` is for bytes and text.
/// Everything said of ``HeapRef`` also holds for `HeapArray`.
@safe
public struct HeapArray<Element: BitwiseCopyable>: BitwiseCopyable, Equatable {
  // Sound: as for `HeapRef`.
  @usableFromInline let pattern: UnsafeRawPointer

  /// The number of the array in its space, and the space.
  @inlinable var bits: UInt { @inline(__always) get { unsafe UInt(bitPattern: pattern) } }

  @inlinable @inline(__always)
  init(bits: UInt) { unsafe pattern = UnsafeRawPointer(bitPattern: bits).unsafelyUnwrapped }

  /// Whether both references lead to the same array.
  @inlinable @inline(__always)
  public static func == (a: Self, b: Self) -> Bool { a.bits == b.bits }
}

@available(*, unavailable, message: "a heap reference stays in its process; `send(copying:)` copies what it leads to")
extension HeapArray: Sendable {}
