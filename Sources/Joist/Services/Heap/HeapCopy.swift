// SPDX-License-Identifier: Apache-2.0
//
// Sending what is on a heap: the public interface to graphs.

// Sound: nothing in a copy changes once it is made (HG3), and no code gets the references of its value.
/// A copy of everything that a value leads to on a private heap, which a message may carry.
///
/// The copy belongs to no heap. The receiver copies it into its own heap with ``ProcessHeap/adopt(_:)``; because the
/// copy does not change, any number of processes may do so. The memory of the copy is freed with the last reference to
/// it: with the message, if the message is never received.
@safe
public final class HeapCopy<Value: BitwiseCopyable & HeapTraceable>: @unchecked Sendable {
  private let value: Value
  private var graph: HeapGraph
  private let platform: any Platform

  fileprivate init(_ value: Value, _ graph: HeapGraph, _ platform: any Platform) {
    self.value = value
    self.graph = graph
    self.platform = platform
  }

  deinit { graph.release(platform) }

  /// The number of bytes that were copied.
  public var bytes: Int { Int(graph.bytes) }

  fileprivate func adopt(on heap: Handle<PrivateHeap>) throws(ProcessExit) -> Value {
    var value = value
    try heap.adoptGraph(graph) { value.trace(&$0) }
    return value
  }
}

extension ProcessHeap {
  /// Copies everything that a value leads to, each object once, cycles included; the original stays as it is.
  ///
  /// Takes time in proportion to the bytes copied; never waits.
  /// - Throws: ``ProcessExit`` if there is no memory; the process is then told to exit.
  public func copy<Value: BitwiseCopyable & HeapTraceable>(_ value: Value) throws(ProcessExit) -> HeapCopy<Value> {
    var value = value
    guard let graph = heap.copyGraph({ value.trace(&$0) }) else { throw heap.process.fillHeap() }
    return HeapCopy(value, graph, heap.process.home.it.platform)
  }

  /// Puts the objects of a copy on this heap, and returns the value that leads to them.
  ///
  /// A copy may be adopted again, also by other processes: each call makes separate objects.
  /// - Throws: ``ProcessExit``, as `allocate` does.
  public func adopt<Value>(_ copy: HeapCopy<Value>) throws(ProcessExit) -> Value { try copy.adopt(on: heap) }
}

extension ProcessRef {
  /// Sends a copy of everything that a value leads to on a private heap, for ``ProcessHeap/adopt(_:)``.
  ///
  /// Throws as ``ProcessHeap/copy(_:)`` does.
  public func send<Value>(
    copying value: Value,
    from heap: ProcessHeap
  ) throws(ProcessExit) where Message == HeapCopy<Value> {
    send(try heap.copy(value))
  }
}

extension ProcessRef where Message: ~Copyable {
  /// Sends a copy of everything that a value leads to on a private heap, in a message that the closure makes.
  ///
  /// Throws as ``ProcessHeap/copy(_:)`` does.
  public func send<Value: BitwiseCopyable & HeapTraceable>(
    copying value: Value,
    from heap: ProcessHeap,
    _ message: (HeapCopy<Value>) -> sending Message
  ) throws(ProcessExit) {
    send(message(try heap.copy(value)))
  }
}
