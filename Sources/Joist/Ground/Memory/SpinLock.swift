// SPDX-License-Identifier: Apache-2.0
//
// A lock that a thread of the runtime holds for a few instructions. Code under a spin lock never blocks, calls malloc
// or runs user code; debug builds count the held locks, for a test that enforces this. HACKING.md has the table of the
// locks that may be taken under another.

import CJoist
import Synchronization

/// A lock that is held for nanoseconds; a waiter spins, then yields its processor.
package struct SpinLock: ~Copyable {
  private let held = Atomic<Bool>(false)

  /// Takes the lock if it is free; returns whether it did.
  // Ordering: acquiring pairs with the last holder's `unlock`: what was done under the lock before is visible.
  @inline(__always)
  package func tryLock() -> Bool {
    let isTaken = !held.exchange(true, ordering: .acquiring)
    #if DEBUG
      if isTaken { joist_count_spin_lock(1) }
    #endif
    return isTaken
  }

  /// Takes the lock, waiting for its holder.
  @inline(__always)
  package func lock() {
    if !tryLock() { lockSlowly(relinquishProcessor) }
  }

  /// Takes a lock that several runtimes may share, and during which a simulated thread never switches to another.
  ///
  /// So the holder is on another thread of the machine, and waiting for it is not a step of a simulation.
  @inline(__always)
  func lockAmongRuntimes() {
    if !tryLock() { lockSlowly(yieldProcessor) }
  }

  // Ordering: the relaxed load only waits; `tryLock` takes the lock.
  @inline(never)
  private func lockSlowly(_ giveWay: () -> Void) {
    var spins = 0
    repeat {
      while held.load(ordering: .relaxed) {
        spins += 1
        if spins < Limits.spinsBeforeRelinquish { joist_pause() } else { giveWay() }
      }
    } while !tryLock()
  }

  /// Releases the lock; pairs with the acquiring exchange of the next holder.
  @inline(__always)
  package func unlock() {
    #if DEBUG
      joist_count_spin_lock(-1)
    #endif
    held.store(false, ordering: .releasing)
  }

  /// Runs a short closure under the lock.
  @inline(__always)
  package func withLock<R: ~Copyable>(_ body: () -> R) -> R {
    lock()
    defer { unlock() }
    return body()
  }
}
