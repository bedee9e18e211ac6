// SPDX-License-Identifier: Apache-2.0
//
// Asking for a collection, where all that is still needed is known.

import Synchronization

extension ProcessHeap {
  /// Frees everything that the state does not lead to; the references in it are changed in place.
  ///
  /// Every other reference into this heap is stale afterwards, or will be after a later collection, and following it
  /// ends the process. The time it takes is that of what survives of what was allocated since the last collection; now
  /// and then, or if that is asked for, it is that of everything on the heap, and then all that is not wanted is freed.
  /// Nothing else stops meanwhile. Never waits; what it takes is charged in reductions.
  ///
  /// A `trace` that visits what is no reference of this heap ends the process with a sentence.
  @inlinable
  public func collect<State: HeapTraceable>(keeping state: inout State, fully: Bool = false) {
    heap.collect(fully: fully) { tracer in state.trace(&tracer) }
  }

  /// Likewise with two states.
  @inlinable
  public func collect<First: HeapTraceable, Second: HeapTraceable>(
    keeping first: inout First,
    _ second: inout Second,
    fully: Bool = false
  ) {
    heap.collect(fully: fully) { tracer in
      first.trace(&tracer)
      second.trace(&tracer)
    }
  }

  /// Frees everything.
  @inlinable
  public func collect() { heap.collectEverything() }

  /// Collects if so much was allocated since the last collection that it is worth it: a nanosecond if it is not.
  ///
  /// For loops, once a turn. Whether it did.
  @inlinable @inline(__always) @discardableResult
  public func collectIfNeeded<State: HeapTraceable>(keeping state: inout State) -> Bool {
    guard heap.youngUsed >= heap.it.threshold else { return false }
    collect(keeping: &state)
    return true
  }

  /// Likewise with two states.
  @inlinable @inline(__always) @discardableResult
  public func collectIfNeeded<First: HeapTraceable, Second: HeapTraceable>(
    keeping first: inout First,
    _ second: inout Second
  ) -> Bool {
    guard heap.youngUsed >= heap.it.threshold else { return false }
    collect(keeping: &first, &second)
    return true
  }

  /// How large it is, and how often it was collected.
  public var statistics: HeapStatistics {
    _ = heap.willTouch("asked")
    return HeapStatistics(
      youngBytes: Int(heap.youngUsed),
      oldBytes: Int(heap.oldUsed),
      heldBytes: heap.it.held.load(ordering: .relaxed),
      youngCollections: heap.it.youngCollections,
      fullCollections: heap.it.fullCollections
    )
  }
}

/// Figures of a private heap.
public struct HeapStatistics: Sendable, Hashable {
  /// Bytes of what was allocated since the last collection, and of what had survived by then and was not collected.
  public let youngBytes, oldBytes: Int
  /// Bytes of the blocks that they are in.
  public let heldBytes: Int
  /// Collections so far: of what was young, and of everything.
  public let youngCollections, fullCollections: Int
}

extension ProcessContext where Message: ~Copyable {
  /// Frees everything on the private heap that the state does not lead to: ``ProcessHeap/collect(keeping:)``.
  ///
  /// Does nothing if there is no heap.
  @inlinable
  public func collect<State: HeapTraceable>(keeping state: inout State) {
    guard let heap = record.privateHeapIfAny(generation) else { return }
    ProcessHeap(heap).collect(keeping: &state)
  }

  /// Collects if so much was allocated that it is worth it, and the state is of a type that is ``HeapTraceable``.
  ///
  /// For loops that handle messages with a state of any type, between two of them: servers have it done for them.
  /// Whether it did.
  @discardableResult
  public func collectIfTraceable<State>(keeping state: inout State) -> Bool {
    guard let heap = record.privateHeapIfAny(generation), heap.youngUsed >= heap.it.threshold,
      let type = State.self as? any HeapTraceable.Type
    else { return false }
    HeapElements.withValue(&state) { value in
      heap.collect(fully: false) { tracer in type.traceAll(value, &tracer) }
    }
    return true
  }
}
