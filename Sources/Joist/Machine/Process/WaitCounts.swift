// SPDX-License-Identifier: Apache-2.0
//
// The number of a process's waits, by reason. All waits are counted in the record. Waits for anything but a message are
// also counted here, in the extras, except sleeps and calls, which are counted in the process's timer: a process that
// sleeps has one, and needs no extras for it. Records with extras are never given back (TT1), and most processes call.

import Synchronization

/// How often a process has waited for reasons other than a message.
struct WaitCounts: Sendable, Hashable {
  private var counts = SIMD8<UInt32>()

  private static func index(_ reason: WaitReason) -> Int { Int(reason.rawValue - WaitReason.sleep.rawValue) }

  mutating func add(_ reason: WaitReason, _ count: UInt32 = 1) { counts[Self.index(reason)] &+= count }

  /// Returns the counts by reason, given the number of all waits.
  func byReason(all: Int) -> [WaitReason: Int] {
    var result: [WaitReason: Int] = [:]
    var rest = all
    for reason in WaitReason.allCases where reason != .receive {
      let count = Int(counts[Self.index(reason)])
      if count > 0 { result[reason] = count }
      rest -= count
    }
    if rest > 0 { result[.receive] = rest }
    return result
  }
}

extension Handle<ProcessRecord> {
  /// Counts and records that the process begins to wait for something other than a message.
  @inline(never)
  func noteWait(_ reason: WaitReason, on scheduler: Handle<Scheduler>) {
    scheduler.record(.reason, payload: UInt64(reason.rawValue))
    if reason == .sleep || reason == .call {
      timerIfPossible()?.count(reason, it.identity.generation)
    } else if let extras = extrasIfPossible() {
      extras.it.waits.add(reason)
    }
  }

  /// The counts; for the thread that has the process.
  var waitCounts: WaitCounts {
    var counts = hasExtras ? extras().it.waits : WaitCounts()
    if let (sleeps, calls) = it.timer?.counts(it.identity.generation) {
      counts.add(.sleep, sleeps)
      counts.add(.call, calls)
    }
    return counts
  }
}
