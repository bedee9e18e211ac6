// SPDX-License-Identifier: Apache-2.0
//
// What a scheduler does besides running processes. At each look at the clock it wakes processes whose deadlines have
// passed, balances load, reclaims stack slots and shrinks stacks. After a sleep it reclaims all slots and gives free
// memory back to the system.
//
// GB1. A scheduler that has slept for a while reclaims all slots (U7). Then it empties its caches into the common
//      pools, and the pools give back what is complete: groups of records (TT1), pages of free stacks, slabs (SL1). The
//      last scheduler that does so finds all of it.
// GB2. A trim looks at every free block. So a scheduler trims only if many blocks were given to the pools since its
//      last trim.

import CJoist
import Synchronization

/// Whether a thread trims pools now, the program's or those of any runtime.
// Ordering: acquiring pairs with the release by the thread that trimmed before.
private let isTrimming = Atomic<Bool>(false)

extension Handle<Scheduler> {
  /// Reads the real clock: wakes the processes whose waits are over, of this scheduler and of stuck ones (Y4).
  // Ordering: `isStuck` is read relaxed, here and below: the spare scheduler that was woken to stand in sees it.
  @inline(never)
  func lookAtClock(_ count: UInt64) {
    it.nextClockLook = count &+ it.clockLookInterval
    let before = beginActivity(.timers)
    defer { beginActivity(before) }
    wakeDue(self)
    beginActivity(.overhead)
    balance(count)
    reclaim(Limits.reclaimBatch)
    if it.index == 0 && it.lastClock &- it.lastShrink > it.clock.perSecond { shrink() }
    guard it.runtime.it.watchdog.stuckCount > 0 else { return }
    for number in 0..<it.runtime.it.schedulerCount {
      let other = it.runtime.it.scheduler(number)
      if other.it.isStuck.load(ordering: .relaxed) { wakeDue(other) }
    }
  }

  /// Reclaims slots and shrinks stacks until there are no more, or until there is work.
  func reclaimAll() {
    it.lastClock = it.clock.count
    beginActivity(.overhead)
    while !seesWork() {
      if reclaim(it.runtime.it.slots.made) { continue }
      if shrink() { continue }
      it.hasReclaimed = true
      return giveBack()
    }
  }

  /// The time at which to wake for `reclaimAll`; nil if this scheduler has run nothing since it last did that.
  var nextReclaim: Int64? {
    if it.hasReclaimed || it.pendingWork.contains(.schedulePoint) && it.runtime.it.slots.made <= Limits.slotsInABlock {
      return nil
    }
    return it.runtime.it.platform.now() + Limits.sleepBeforeReclaim
  }

  /// Whether a trim is worthwhile (GB2); never in a simulation, where it would be a useless step.
  var mayGiveBack: Bool {
    !it.pendingWork.contains(.schedulePoint) && it.runtime.givenToPools - it.givenAtTrim >= Limits.givenBeforeTrim
  }

  /// Empties this scheduler's caches and trims the pools, after all slots were reclaimed (GB1).
  func giveBack() {
    guard mayGiveBack else { return }
    unload()
    // Two threads that trim at once would each hold a part of what is complete: this scheduler tries after another
    // rest.
    guard it.runtime.trim() != nil else {
      it.hasReclaimed = false
      return
    }
    it.givenAtTrim = it.runtime.givenToPools
  }

  /// Moves the contents of this scheduler's caches to the common pools.
  func unload() {
    it.nodes.empty()
    it.heapBlocks.empty()
    it.savedFramesPool.empty()
    it.runtime.it.table.put(&it.records)
    it.runtime.it.slots.put(&it.freeSlots)
  }
}

extension Handle<RuntimeCore> {
  /// The approximate number of records and blocks that were ever given to the common pools.
  fileprivate var givenToPools: Int {
    let batches = it.slots.savedFramesPool.batchesPut + NodePool.depots.batchesPut + HeapPool.depots.batchesPut
    return it.sum { $0.processesEnded.total } + batches * Limits.blocksInABatch
  }

  /// Gives back what is complete in the pools.
  ///
  /// - Returns: The number of bytes, without the pages of stacks; nil while another thread trims.
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
