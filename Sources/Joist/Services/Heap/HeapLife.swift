// SPDX-License-Identifier: Apache-2.0
//
// A heap's beginning and end. It begins when its process first asks for it, and ends with the process.

import Synchronization

extension Handle<ProcessRecord> {
  /// Bytes of blocks that its private heap has; any thread may ask.
  // Ordering: acquiring pairs with `beginHeap`.
  package var heapBytes: Int {
    guard let services = servicesIfAny, let heap = Handle<PrivateHeap>(bits: services.it.heap.load(ordering: .acquiring))
    else { return 0 }
    return heap.it.held.load(ordering: .relaxed)
  }

  /// Its heap, made now if it has none.
  ///
  /// Stops whoever is not the process.
  @usableFromInline
  func privateHeap(_ generation: UInt32) -> Handle<PrivateHeap> { privateHeapIfAny(generation) ?? beginHeap() }

  /// Its heap, if it has one.
  @usableFromInline
  func privateHeapIfAny(_ generation: UInt32) -> Handle<PrivateHeap>? {
    _ = here(generation)
    return ownHeap
  }

  // Ordering: its own, here and below.
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
      // Ordering: whoever reads the address from elsewhere finds what was written there.
      services.it.heap.store(heap!.bits, ordering: .releasing)
    }
    heap!.it.limit = hasExtras ? extras().it.memoryLimit : .max
    heap!.it.owner = bits
    return heap!
  }

  /// Ends its heap with all that is in it (PH4).
  func endHeap() { ownHeap?.end() }
}

extension Handle<PrivateHeap> {
  /// Gives all memory back; no reference leads here any more (PH3).
  fileprivate func end() {
    let scheduler = Scheduler.current!
    it.owner = PrivateHeap.nobody
    scheduler.it.counters.heapBytesAllocated.add(Int(youngUsed))
    if it.isTracing {
      // What was copied has numbers that nobody counted.
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
    it.threshold = UInt(Limits.heapThresholdLeast)
    it.hasWide = false
    it.oldAfterFull = 0
    it.recentPeak = 0
    it.youngCollections = 0
    it.fullCollections = 0
    count()
  }
}
