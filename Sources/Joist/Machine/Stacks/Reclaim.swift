// SPDX-License-Identifier: Apache-2.0
//
// Processes that have waited for long leave their slots, which give their pages back (U7). Schedulers sweep a little at
// each look at the clock, and everything once when they have been asleep for a while; then pools give back, too (GB1).

import Synchronization

extension Handle<Scheduler> {
  /// Looks at so many slots; whether it was worth while, and may be again.
  @discardableResult
  func reclaim(_ most: Int) -> Bool {
    guard it.runtime.it.slots.made > Limits.slotsInABlock else { return false }
    let areFew = it.runtime.it.slots.areFew(for: it.runtime.liveCount)
    let patience = areFew ? it.clock.perSecond / 10 : it.clock.perSecond
    guard it.lastClock > patience else { return false }
    var claimed = ReadyList()
    it.runtime.it.slots.lock.lock()
    var mayLeave = false
    let now = it.lastClock
    if let slot = it.runtime.it.slots.findIdle(most, since: now - patience, now: now),
      let occupant = slot.it.occupant
    {
      mayLeave = claimOccupant(occupant, of: slot, &claimed)
    }
    it.runtime.it.slots.lock.unlock()
    guard let process = claimed.removeFirst() else { return false }
    let hasLeft = !mayLeave || moveOut(process, isReclaimed: areFew)
    releaseClaim(process)
    return hasLeft
  }

  /// Has stacks shrink whose processes have waited for long (U10); whether there may be more.
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
      releaseClaim(process)
    }
    return isFull
  }
}
