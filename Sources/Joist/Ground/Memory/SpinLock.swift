// SPDX-License-Identifier: Apache-2.0
//
// A lock for a few instructions at a time, between threads of the runtime. Nothing that may block, allocate from
// malloc or run a user's code happens under one: in debug builds they are counted, for a test that holds this. The
// order, outermost first: slots, wheel, run queue, depots.

import CJoist
import Synchronization

/// Held for nanoseconds; waited for by spinning, then by giving the processor away.
package struct SpinLock: ~Copyable {
  private let held = Atomic<Bool>(false)

  /// Takes it if it is free.
  // Ordering: acquiring pairs with `unlock` of whoever had it: what was done under the lock before is seen.
  @inline(__always)
  package func tryLock() -> Bool {
    let isTaken = !held.exchange(true, ordering: .acquiring)
    #if DEBUG
      if isTaken { joist_count_spin_lock(1) }
    #endif
    return isTaken
  }

  /// Takes it, waiting for whoever has it.
  @inline(__always)
  package func lock() {
    if !tryLock() { lockSlowly(relinquishProcessor) }
  }

  /// Takes one that several runtimes may share, and with which no simulated thread is ever left.
  ///
  /// So whoever has it is on another thread of the machine, and waiting for that is no step of a simulation.
  @inline(__always)
  func lockAmongRuntimes() {
    if !tryLock() { lockSlowly(yieldProcessor) }
  }

  // Ordering: the relaxed look only waits; `tryLock` takes it.
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

  /// Lets go; pairs with the acquiring exchange of whoever takes it next.
  @inline(__always)
  package func unlock() {
    #if DEBUG
      joist_count_spin_lock(-1)
    #endif
    held.store(false, ordering: .releasing)
  }

  /// Runs something short under the lock.
  @inline(__always)
  package func withLock<R: ~Copyable>(_ body: () -> R) -> R {
    lock()
    defer { unlock() }
    return body()
  }
}
