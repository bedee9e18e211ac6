// SPDX-License-Identifier: Apache-2.0
//
// A lock that one thread takes all the time and other threads seldom. Locking costs the owner two plain stores and a
// load; it costs a visitor a heavy fence.
// OL1. The owner stores `inside`, passes the light fence, and loads `wanted`. A visitor stores `wanted`, passes the
//      heavy fence, and loads `inside`. So at least one of the two sees the other (Dekker).
//
// The side that sees the other backs off: the owner clears `inside`, having touched nothing yet, and waits; a visitor
// waits until the owner is out. Visitors exclude each other by the exchange of `wanted`.
//
// What was done under the lock is visible to the next holder. The owner's `inside = false` releases it to the visitor
// that waits for that store. A visitor's `wanted = false` releases it to the owner and to the next visitor, who acquire
// it with the load or the exchange that lets them in. No thread reads an older `false` than the last one, because the
// fences lie in between (OL1).
//
// After biased locking by asymmetric fences: D. Dice, H. Huang and M. Yang, "Asymmetric Dekker Synchronization", 2001.

import CJoist
import Synchronization

/// A lock that its owner takes often and holds for nanoseconds, and that visitors take seldom.
package struct OwnedLock: ~Copyable {
  private let inside = Atomic<Bool>(false)
  private let wanted = Atomic<Bool>(false)

  /// Takes the lock as its owner.
  // Ordering: the store is relaxed, before the light fence (OL1). The load acquires from the last visitor's `leave`.
  @inline(__always)
  package func lock() {
    inside.store(true, ordering: .relaxed)
    joist_light_fence()
    SchedulePoint.betweenSteps()
    if wanted.load(ordering: .acquiring) { lockSlowly() }
  }

  /// Takes the lock as its owner if no visitor is there; returns whether it did.
  // Ordering: as `lock`. The owner that backs off publishes nothing, but the visitor's load expects a release.
  @inline(__always)
  package func tryLock() -> Bool {
    inside.store(true, ordering: .relaxed)
    joist_light_fence()
    SchedulePoint.betweenSteps()
    if !wanted.load(ordering: .acquiring) { return true }
    inside.store(false, ordering: .releasing)
    return false
  }

  /// Waits, as the owner, until no visitor is there.
  // Ordering: as `tryLock`. The relaxed load only waits; the last load acquires.
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

  /// Releases the lock as its owner.
  // Ordering: releasing, for the visitor that waits for this store. The next `lock` needs nothing of it.
  @inline(__always)
  package func unlock() {
    inside.store(false, ordering: .releasing)
  }

  /// Takes the lock as a visitor; returns false if another visitor has it.
  // Ordering: acquiring pairs with the last visitor's `leave` and the owner's `unlock`; the heavy fence is between them
  // (OL1). The first load is a guess.
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

  /// Takes the lock as a visitor, after waiting for other visitors.
  package func enter(_ platform: any Platform) {
    while !tryEnter(platform) { relinquishProcessor() }
  }

  /// Releases the lock as a visitor.
  // Ordering: releasing, for the owner and the next visitor.
  package func leave() {
    wanted.store(false, ordering: .releasing)
  }
}
