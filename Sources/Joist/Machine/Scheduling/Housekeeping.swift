// SPDX-License-Identifier: Apache-2.0
//
// What a scheduler does beside running processes: at each look at the clock it wakes what is due, balances load, reclaims
// stack slots and shrinks stacks; after a sleep it reclaims everything and gives free memory back to the system.
// GB1. A scheduler that has slept for a while, after its sweep (U7), gives what it keeps for itself to the common
//      pools, and these give back what is whole: groups of records (TT1), pages of free stacks, slabs (SL1). Who does
//      that last finds all of it.
// GB2. That looks at every free block. So a scheduler does it only if much was given to the pools since it last did.

import CJoist
import Synchronization

/// Somebody has the pools' free blocks in hand, of the program's pools or of a runtime's.
// Ordering: acquiring pairs with the release of who did before.
private let isTrimming = Atomic<Bool>(false)

extension Handle<Scheduler> {
  /// Looks at the real clock: wakes whose wait is over, here and where a scheduler is stuck (Y4).
  // Ordering: who is stuck is looked at relaxed, here and below: the spare one that was woken for it sees it.
  @inline(never)
  func lookAtClock(_ count: UInt64) {
    it.nextClockLook = count &+ it.clockLookInterval
    wakeDue(self)
    balance(count)
    reclaim(Limits.slotsSweptAtOnce)
    if it.index == 0 && it.lastClock &- it.lastShrink > it.clock.perSecond { shrink() }
    guard it.runtime.it.monitor.stuckCount > 0 else { return }
    for number in 0..<it.runtime.it.schedulerCount {
      let other = it.runtime.it.scheduler(number)
      if other.it.isStuck.load(ordering: .relaxed) { wakeDue(other) }
    }
  }

  /// Sweeps all slots, or until there is work.
  func reclaimAll() {
    it.lastClock = it.clock.count
    while !seesWork() {
      if reclaim(it.runtime.it.slots.made) { continue }
      if shrink() { continue }
      it.hasReclaimed = true
      return giveBack()
    }
  }

  /// When to wake for a sweep, if there has been none since this scheduler ran something.
  var nextReclaim: Int64? {
    if it.hasReclaimed || it.pendingWork.contains(.place) && it.runtime.it.slots.made <= Limits.slotsInABlock {
      return nil
    }
    return it.runtime.it.platform.now() + Limits.sleepBeforeReclaim
  }

  /// Whether it is worth while (GB2); never in a simulation, where it would be a step for nothing.
  var mayGiveBack: Bool {
    !it.pendingWork.contains(.place) && it.runtime.givenToPools - it.givenAtTrim >= Limits.givenBeforeTrim
  }

  /// After a sweep (GB1).
  func giveBack() {
    guard mayGiveBack else { return }
    unload()
    // Two at once would each have a part of what is whole: the other one rests once more.
    guard it.runtime.trim() != nil else {
      it.hasReclaimed = false
      return
    }
    it.givenAtTrim = it.runtime.givenToPools
  }

  /// Gives what the scheduler keeps for itself to the common pools.
  func unload() {
    it.nodes.empty()
    it.heapBlocks.empty()
    it.savedFramesPool.empty()
    it.runtime.it.table.put(&it.records)
    it.runtime.it.slots.put(&it.freeSlots)
  }
}

extension Handle<RuntimeCore> {
  /// Records and blocks that were ever given to common pools, about.
  fileprivate var givenToPools: Int {
    let batches = it.slots.savedFramesPool.batchesPut + NodePool.depots.batchesPut + HeapPool.depots.batchesPut
    return it.sum { $0.processesEnded.total } + batches * Limits.blocksInABatch
  }

  /// Gives back what pools have whole; how many bytes that is, without the pages of stacks.
  ///
  /// Nil while somebody else does.
  @discardableResult
  package func trim() -> Int? {
    guard !isTrimming.exchange(true, ordering: .acquiring) else { return nil }
    defer { isTrimming.store(false, ordering: .releasing) }
    let bytes = trimRecords() + it.slots.savedFramesPool.trim() + NodePool.depots.trim() + HeapPool.depots.trim()
    it.slots.discardFree()
    if bytes > 0 { joist_trim_malloc() }
    return bytes
  }
}
