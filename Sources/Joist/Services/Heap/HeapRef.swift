// SPDX-License-Identifier: Apache-2.0
//
// References into a private heap: numbers, not addresses, so that what they lead to may move (PH2).

/// A reference to a value on a process's private heap: eight bytes, also where it is optional.
///
/// It is good until the next collection; one that a collection kept was made new by it, in place. Following one that
/// was not kept, or that is of another process, ends the process with a sentence. Two references are equal if they lead
/// to the same object; as they change in a collection they are no good as keys.
@safe
public struct HeapRef<Pointee: BitwiseCopyable>: BitwiseCopyable, Equatable {
  // Sound: it is never followed as a pointer. A pointer's pattern is never zero, which leaves zero for nil.
  @usableFromInline let pattern: UnsafeRawPointer

  /// The number, and which space it is of.
  @inlinable var bits: UInt { @inline(__always) get { unsafe UInt(bitPattern: pattern) } }

  @inlinable @inline(__always)
  init(bits: UInt) { unsafe pattern = UnsafeRawPointer(bitPattern: bits).unsafelyUnwrapped }

  /// Whether both lead to the same object.
  @inlinable @inline(__always)
  public static func == (a: Self, b: Self) -> Bool { a.bits == b.bits }
}

@available(*, unavailable, message: "a heap reference stays in its process; `send(copying:)` copies what it leads to")
extension HeapRef: Sendable {}

/// A reference to an array on a process's private heap: eight bytes; the array knows its count.
///
/// An array has as many elements as it was made with. `HeapArray<UInt8>` is for bytes and text. What is said of
/// ``HeapRef`` holds for it, too.
@safe
public struct HeapArray<Element: BitwiseCopyable>: BitwiseCopyable, Equatable {
  // Sound: as for `HeapRef`.
  @usableFromInline let pattern: UnsafeRawPointer

  /// The number, and which space it is of.
  @inlinable var bits: UInt { @inline(__always) get { unsafe UInt(bitPattern: pattern) } }

  @inlinable @inline(__always)
  init(bits: UInt) { unsafe pattern = UnsafeRawPointer(bitPattern: bits).unsafelyUnwrapped }

  /// Whether both lead to the same array.
  @inlinable @inline(__always)
  public static func == (a: Self, b: Self) -> Bool { a.bits == b.bits }
}

@available(*, unavailable, message: "a heap reference stays in its process; `send(copying:)` copies what it leads to")
extension HeapArray: Sendable {}
