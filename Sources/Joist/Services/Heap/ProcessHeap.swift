// SPDX-License-Identifier: Apache-2.0
//
// The public face of private heaps.

/// A process's private heap: memory that only it has, in which allocating costs a few instructions and nothing is
/// counted or freed by itself; a collection frees all that is not wanted any more at once.
///
/// Values are `BitwiseCopyable`; they refer to each other by ``HeapRef`` and ``HeapArray``. References are good until
/// the next collection, which the process asks for where it knows all that it still needs: see ``collect(keeping:)``.
/// The heap ends with its process, however that ends. Used by anybody else, every call that allocates or collects stops
/// the program with a sentence.
///
/// `process.heap` makes it at the first use. Whoever uses it much keeps it in a `let`.
public struct ProcessHeap {
  @usableFromInline let heap: Handle<PrivateHeap>

  @usableFromInline
  init(_ heap: Handle<PrivateHeap>) { self.heap = heap }
}

@available(*, unavailable, message: "a heap stays in its process; `send(copying:)` copies what is on it")
extension ProcessHeap: Sendable {}

extension ProcessContext where Message: ~Copyable {
  /// Its private heap, made at the first use.
  public var heap: ProcessHeap { ProcessHeap(record.privateHeap(generation)) }
}

// MARK: - Values

extension ProcessHeap {
  /// Puts a value on the heap.
  ///
  /// Allocates, two to three nanoseconds for a small value; never waits. Throws when the process has reached its
  /// `memoryLimit`, or the machine has no memory: it is told to exit then.
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

  /// The value that a reference leads to.
  ///
  /// A reference that a collection did not keep, or of another process, ends the process with a sentence. Does not
  /// allocate, and never waits.
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
