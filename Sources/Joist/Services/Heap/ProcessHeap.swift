// SPDX-License-Identifier: Apache-2.0
//
// The public interface to private heaps.

/// A process's private heap: memory of its own, in which allocating takes a few instructions.
///
/// Nothing on it is counted, and nothing is freed by itself: a collection frees everything that is no longer needed at
/// once. Values are `BitwiseCopyable`; they refer to each other by ``HeapRef`` and ``HeapArray``. References are valid
/// until the next collection, which the process asks for where it knows everything that it still needs: see
/// ``collect(keeping:fully:)``. The heap ends with its process, however the process ends. If another process or thread
/// uses the heap, every call that allocates or collects traps.
///
/// `process.heap` makes the heap at its first use. Code that uses it often keeps it in a `let`.
public struct ProcessHeap {
  @usableFromInline let heap: Handle<PrivateHeap>

  @usableFromInline
  init(_ heap: Handle<PrivateHeap>) { self.heap = heap }
}

@available(*, unavailable, message: "a heap stays in its process; `send(copying:)` copies what is on it")
extension ProcessHeap: Sendable {}

extension ProcessContext where Message: ~Copyable {
  /// The process's private heap, made at the first use.
  public var heap: ProcessHeap { ProcessHeap(record.privateHeap(generation)) }
}

// MARK: - Values

extension ProcessHeap {
  /// Puts a value on the heap.
  ///
  /// Takes two to three nanoseconds for a small value; never waits.
  /// - Throws: ``ProcessExit`` if the process has reached its `memoryLimit`, or the machine has no memory; the process
  ///   is then told to exit.
  @inlinable @inline(__always)
  public func allocate<Value: BitwiseCopyable>(_ value: Value) throws(ProcessExit) -> HeapRef<Value> {
    let header = HeapHeader(key: HeapLayout.key(Value.self)).bits
    let known = heap.typeEntry(MemoryLayout<Value>.size).it
    let bytes = HeapHeader.bytes &+ HeapHeader.inWords(UInt(bitPattern: MemoryLayout<Value>.size))
    var object = heap.it.top
    if MemoryLayout<Value>.alignment > 8 || !heap.isHere || known != header || heap.it.end &- object < bytes {
      object = try heap.makeRoom(for: Value.self)
    }
    heap.it.top = object &+ bytes
    Handle<UInt>(address: object).it = header
    Handle<Value>(address: object &+ HeapHeader.bytes).it = value
    return HeapRef(bits: heap.it.young.bits(of: object))
  }

  /// Accesses the value that a reference leads to.
  ///
  /// A reference that a collection did not keep, or that belongs to another process, traps and ends the process. Never
  /// waits. Reading does not allocate.
  @inlinable
  public subscript<Value: BitwiseCopyable>(_ ref: HeapRef<Value>) -> Value {
    @inline(__always) get { Handle<Value>(address: heap.address(of: ref.bits) &+ HeapHeader.bytes).it }
    @inline(__always) nonmutating set {
      let object = heap.address(of: ref.bits)
      Handle<Value>(address: object &+ HeapHeader.bytes).it = newValue
      heap.note(writtenTo: object, ref.bits)
    }
  }
}
