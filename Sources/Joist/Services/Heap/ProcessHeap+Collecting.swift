// SPDX-License-Identifier: Apache-2.0
//
// The public interface to collections: the process asks for one where it knows everything that it still needs.

import Synchronization

extension ProcessHeap {
  /// Frees everything that the state does not lead to, and updates the references in the state in place.
  ///
  /// Every other reference into this heap is stale afterwards, or will be after a later collection; following a stale
  /// reference traps and ends the process. A collection takes time in proportion to the survivors among the objects
  /// allocated since the last one. Now and then, or if `fully` is true, it takes time in proportion to the whole heap,
  /// and then frees everything that is not live. No other process stops meanwhile. Never waits; the work is charged in
  /// reductions.
  ///
  /// Traps if a `trace` visits something that is not a reference of this heap.
  /// - Parameters:
  ///   - state: The value that leads to everything to keep.
  ///   - fully: Whether to collect old objects as well.
  @inlinable
  public func collect<State: HeapTraceable>(keeping state: inout State, fully: Bool = false) {
    heap.collect(fully: fully) { tracer in state.trace(&tracer) }
  }

  /// Frees everything that neither state leads to, as ``collect(keeping:fully:)`` does for one.
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

  /// Frees everything on the heap.
  @inlinable
  public func collect() { heap.collectEverything() }

  /// Collects if enough was allocated since the last collection to make it worthwhile; otherwise it takes a nanosecond.
  ///
  /// Call it once in each iteration of a loop.
  /// - Returns: Whether it collected.
  @inlinable @inline(__always) @discardableResult
  public func collectIfNeeded<State: HeapTraceable>(keeping state: inout State) -> Bool {
    guard heap.youngUsed >= heap.it.threshold else { return false }
    collect(keeping: &state)
    return true
  }

  /// Collects if worthwhile and keeps what both states lead to, as ``collectIfNeeded(keeping:)`` does for one.
  @inlinable @inline(__always) @discardableResult
  public func collectIfNeeded<First: HeapTraceable, Second: HeapTraceable>(
    keeping first: inout First,
    _ second: inout Second
  ) -> Bool {
    guard heap.youngUsed >= heap.it.threshold else { return false }
    collect(keeping: &first, &second)
    return true
  }

  /// The size of the heap, and the number of its collections.
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

/// Statistics of a private heap.
public struct HeapStatistics: Sendable, Hashable {
  /// The bytes of objects allocated since the last collection, and of old objects that have not been freed.
  public let youngBytes, oldBytes: Int
  /// The bytes of the blocks that hold the objects.
  public let heldBytes: Int
  /// The number of young collections so far, and of full ones.
  public let youngCollections, fullCollections: Int
}

extension ProcessContext where Message: ~Copyable {
  /// Frees everything on the private heap that the state does not lead to, as ``ProcessHeap/collect(keeping:fully:)``.
  ///
  /// Does nothing if there is no heap.
  @inlinable
  public func collect<State: HeapTraceable>(keeping state: inout State) {
    guard let heap = record.privateHeapIfAny(generation) else { return }
    ProcessHeap(heap).collect(keeping: &state)
  }

  /// Collects if enough was allocated to make it worthwhile, and the state's type is ``HeapTraceable``.
  ///
  /// Call it between two messages, in a loop that handles messages with a state of any type. Servers call it
  /// themselves.
  /// - Returns: Whether it collected.
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
