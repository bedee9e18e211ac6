// SPDX-License-Identifier: Apache-2.0
//
// Reclaiming slots: processes that have waited for some time leave their slots, which give their pages back (U7). A
// scheduler examines a few slots at each look at the clock, and all slots once after it has slept for a while; the
// pools then give memory back, too (GB1).

import Synchronization

extension Handle<Scheduler> {
  /// Examines at most `count` slots and reclaims the first whose occupant has waited long enough.
  ///
  /// - Returns: Whether such a slot was found and there was memory for its frames, so that another call may find one.
  @discardableResult
  func reclaim(_ count: Int) -> Bool {
    guard it.runtime.it.slots.made > Limits.slotsInABlock else { return false }
    let areFew = it.runtime.it.slots.areFew(for: it.runtime.liveCount)
    let patience = areFew ? it.clock.perSecond / 10 : it.clock.perSecond
    guard it.lastClock > patience else { return false }
    var claimed = ReadyList()
    it.runtime.it.slots.lock.lock()
    var mayLeave = false
    let now = it.lastClock
    if let slot = it.runtime.it.slots.findIdle(count, since: now - patience, now: now),
      let occupant = slot.it.occupant
    {
      mayLeave = claimOccupant(occupant, of: slot, &claimed)
    }
    it.runtime.it.slots.lock.unlock()
    guard let process = claimed.removeFirst() else { return false }
    let hasLeft = !mayLeave || moveOut(process, isReclaimed: areFew)
    parkOrQueue(process)
    return hasLeft
  }

  /// Gives back the pages below the frames of processes that have waited for a second (U10).
  ///
  /// - Returns: Whether there may be more such stacks.
  @discardableResult
  func shrink() -> Bool {
    it.lastShrink = it.lastClock
    guard it.lastClock > it.clock.perSecond else { return false }
    var claimed = ReadyList()
    it.runtime.it.slots.lock.lock()
    it.runtime.it.slots.claimDeep(since: it.lastClock - it.clock.perSecond, now: it.lastClock, &claimed)
    it.runtime.it.slots.lock.unlock()
    let isFull = claimed.count >= Limits.shrinkBatch
    while let process = claimed.removeFirst() {
      let bytes = process.bytesBelowFrames
      if bytes > 0 { process.it.slot!.discard(bytes, on: it.runtime.it.platform) }
      parkOrQueue(process)
    }
    return isFull
  }
}
