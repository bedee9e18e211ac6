// SPDX-License-Identifier: Apache-2.0
//
// The beginning and the end of a private heap: it begins when its process first asks for it, and ends with the process.

import Synchronization

extension Handle<ProcessRecord> {
  /// The bytes of the blocks that the process's private heap has, readable by any thread.
  // Ordering: acquiring pairs with `beginHeap`.
  package var heapBytes: Int {
    guard let services = servicesIfAny,
      let heap = Handle<PrivateHeap>(bits: services.it.heap.load(ordering: .acquiring))
    else { return 0 }
    return heap.it.held.load(ordering: .relaxed)
  }

  /// Returns the process's heap, made now if it has none.
  ///
  /// Traps if the caller is not the process.
  @usableFromInline
  func privateHeap(_ generation: UInt32) -> Handle<PrivateHeap> { privateHeapIfAny(generation) ?? beginHeap() }

  /// Returns the process's heap, or nil if it has none.
  @usableFromInline
  func privateHeapIfAny(_ generation: UInt32) -> Handle<PrivateHeap>? {
    _ = here(generation)
    return ownHeap
  }

  // Ordering: relaxed, because the process reads its own stores, here and below.
  @inline(__always)
  private var ownHeap: Handle<PrivateHeap>? {
    guard let services = servicesIfAny,
      let heap = Handle<PrivateHeap>(bits: services.it.heap.load(ordering: .relaxed)),
      heap.it.owner == bits
    else { return nil }
    return heap
  }

  @inline(never)
  private func beginHeap() -> Handle<PrivateHeap> {
    let services = services()
    var heap = Handle<PrivateHeap>(bits: services.it.heap.load(ordering: .relaxed))
    if heap == nil {
      heap = .make()
      // Ordering: a thread that reads the address finds the heap initialised.
      services.it.heap.store(heap!.bits, ordering: .releasing)
    }
    heap!.it.limit = hasExtras ? extras().it.memoryLimit : .max
    heap!.it.owner = bits
    return heap!
  }

  /// Ends the process's heap, with everything on it (PH4).
  func endHeap() { ownHeap?.end() }
}

extension Handle<PrivateHeap> {
  /// Gives all memory back; no reference leads into the heap afterwards (PH3).
  fileprivate func end() {
    let scheduler = Scheduler.current!
    it.owner = PrivateHeap.nobody
    scheduler.it.counters.heapBytesAllocated.add(Int(youngUsed))
    if it.isTracing {
      // The numbers of unfinished copies were not counted, so both spaces start in new ranges.
      it.young = HeapSpace(isYoung: true)
      it.old = HeapSpace(isYoung: false)
    } else {
      it.young.renumber(past: youngUsed)
      it.old.renumber(past: oldUsed)
    }
    it.isTracing = false
    it.pins = 0
    it.top = 0
    it.end = 0
    it.oldTop = 0
    scheduler.give(&it.youngBlock)
    scheduler.give(&it.oldBlock)
    scheduler.give(&it.nextBlock)
    it.young.takeBlock(it.youngBlock)
    it.old.takeBlock(it.oldBlock)
    it.rememberedSet.empty(scheduler)
    it.copied.empty(scheduler)
    it.origins.empty(scheduler)
    it.threshold = UInt(Limits.minHeapThreshold)
    it.hasOverAligned = false
    it.oldAfterFull = 0
    it.recentPeak = 0
    it.youngCollections = 0
    it.fullCollections = 0
    count()
  }
}
