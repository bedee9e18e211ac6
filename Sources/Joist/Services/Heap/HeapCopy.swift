// SPDX-License-Identifier: Apache-2.0
//
// Sending what is on a heap: the public face of graphs.

// Sound: nothing in it changes once it is made (HG3), and the value's references are given to nobody.
/// A copy of what a value leads to on a private heap: what a message may carry.
///
/// It belongs to nobody's heap. Whoever receives it takes it into its own with ``ProcessHeap/adopt(_:)``; so may any
/// number of processes, for it does not change. Its memory is given back with the last reference to it: if it is never
/// received, with the message.
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

  /// Bytes of what was copied.
  public var bytes: Int { Int(graph.bytes) }

  fileprivate func adopt(on heap: Handle<PrivateHeap>) throws(ProcessExit) -> Value {
    var value = value
    try heap.adoptGraph(graph) { value.trace(&$0) }
    return value
  }
}

extension ProcessHeap {
  /// Copies everything that the value leads to, each object once, cycles included; the value's own is left as it is.
  ///
  /// Its cost is that of what is copied. Throws when there is no memory: the process is told to exit then. Never waits.
  public func copy<Value: BitwiseCopyable & HeapTraceable>(_ value: Value) throws(ProcessExit) -> HeapCopy<Value> {
    var value = value
    guard let graph = heap.copyGraph({ value.trace(&$0) }) else { throw heap.process.fillHeap() }
    return HeapCopy(value, graph, heap.process.home.it.platform)
  }

  /// Puts a copy on this heap, and returns the value that leads to it.
  ///
  /// May be done again, also by others: each has its own then. Throws as `allocate` does.
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
  /// Likewise, in a message that the closure makes of the copy.
  public func send<Value: BitwiseCopyable & HeapTraceable>(
    copying value: Value,
    from heap: ProcessHeap,
    _ message: (HeapCopy<Value>) -> sending Message
  ) throws(ProcessExit) {
    send(message(try heap.copy(value)))
  }
}
