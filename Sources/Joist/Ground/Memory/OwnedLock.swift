// SPDX-License-Identifier: Apache-2.0
//
// A lock that one thread takes all the time and others seldom: the owner pays two plain stores and a load, a visitor a
// heavy fence.
// OL1. The owner stores `inside`, passes the light fence, and looks at `wanted`; a visitor stores `wanted`, passes the
//      heavy fence, and looks at `inside`. So at least one of the two sees the other (Dekker).
// OL2. Who sees the other gives way: the owner steps back and waits, a visitor waits until the owner is out. The owner
//      that steps back has not touched anything yet.
// OL3. Visitors keep each other out by `wanted` itself.
// OL4. What was done under the lock goes on with it: the owner's `inside = false` releases it to the visitor that waits
//      for that, a visitor's `wanted = false` to the owner and to the next visitor, who acquire it with the look or the
//      exchange that lets them in. An older `false` than the last is not read, for the fences are between (OL1).
//
// After biased locking by asymmetric fences: D. Dice, H. Huang and M. Yang, "Asymmetric Dekker Synchronization", 2001.

import CJoist
import Synchronization

/// Held for nanoseconds by its owner, now and then by a visitor.
package struct OwnedLock: ~Copyable {
  private let inside = Atomic<Bool>(false)
  private let wanted = Atomic<Bool>(false)

  /// The owner takes it.
  // Ordering: the store is relaxed, before the light fence (OL1). The look acquires (OL4).
  @inline(__always)
  package func lock() {
    inside.store(true, ordering: .relaxed)
    joist_light_fence()
    SchedulePoint.betweenSteps()
    if wanted.load(ordering: .acquiring) { lockSlowly() }
  }

  /// The owner takes it if no visitor is there.
  // Ordering: as `lock`. Stepping back publishes nothing (OL2), but the visitor's look expects a release.
  @inline(__always)
  package func tryLock() -> Bool {
    inside.store(true, ordering: .relaxed)
    joist_light_fence()
    SchedulePoint.betweenSteps()
    if !wanted.load(ordering: .acquiring) { return true }
    inside.store(false, ordering: .releasing)
    return false
  }

  /// The owner waits until no visitor is there (OL2).
  // Ordering: as `tryLock`. The relaxed look only waits; the last one acquires.
  @inline(never)
  private func lockSlowly() {
    repeat {
      inside.store(false, ordering: .releasing)
      var spins = 0
      while wanted.load(ordering: .relaxed) {
        spins += 1
        if spins < Limits.spinsBeforeRelinquish { joist_pause() } else { relinquishProcessor() }
      }
      inside.store(true, ordering: .relaxed)
      joist_light_fence()
    } while wanted.load(ordering: .acquiring)
  }

  /// The owner lets go.
  // Ordering: releasing, OL4. The next `lock` needs nothing of it.
  @inline(__always)
  package func unlock() {
    inside.store(false, ordering: .releasing)
  }

  /// A visitor takes it; false when another visitor has it (OL3).
  // Ordering: acquiring pairs with the last visitor's `leave` and the owner's `unlock` (OL4); the heavy fence is
  // between them (OL1). The first look is a guess.
  package func tryEnter(_ platform: any Platform) -> Bool {
    SchedulePoint.betweenSteps()
    if wanted.load(ordering: .relaxed) || wanted.exchange(true, ordering: .acquiring) { return false }
    platform.heavyFence()
    SchedulePoint.betweenSteps()
    var spins = 0
    while inside.load(ordering: .acquiring) {
      spins += 1
      if spins < Limits.spinsBeforeRelinquish { joist_pause() } else { relinquishProcessor() }
    }
    return true
  }

  /// A visitor takes it, after other visitors.
  package func enter(_ platform: any Platform) {
    while !tryEnter(platform) { relinquishProcessor() }
  }

  /// The visitor lets go.
  // Ordering: releasing, OL4.
  package func leave() {
    wanted.store(false, ordering: .releasing)
  }
}
