// SPDX-License-Identifier: Apache-2.0
//
// The check that a process resumes with the registers it had when it was switched away from, whichever process ran in
// between and on whichever thread it resumes.

import CSwitchProbe
import Joist

extension Check {
  /// Processes with different register contents and rounding modes that yield and sleep.
  static let registers = Check(
    "registers",
    "callee-saved registers and control words survive a switch",
    .exactly(0),
    "registers changed"
  ) { conditions in
    let (changed, moves, turns) = (Tally(), Tally(), conditions.many(2_000))
    let statistics = try conditions.onRuntime(.init(schedulers: conditions.schedulers, slots: 8)) { runtime in
      for number in 0..<48 {
        runtime.spawn { process in
          let controls = probe_round(Int32(number % 4))
          for turn in 0..<turns {
            let before = process.schedulerIndex
            changed.add(registersChanged(process, UInt64(number) << 40 | UInt64(turn) << 8, sleeping: turn % 10 == 0))
            if probe_controls() != controls { changed.add() }
            if process.schedulerIndex != before { moves.add() }
          }
        }
      }
    }
    let copies = "frames saved \(statistics.framesSaved) times"
    return Measured(changed.total, "\(statistics.slices) switches, \(moves.total) to another scheduler, \(copies)")
  }
}

/// Switches away and back with a pattern in every callee-saved register; returns how many registers changed.
@inline(never)
private func registersChanged(_ process: ProcessContext<Never>, _ pattern: UInt64, sleeping: Bool) -> Int {
  var away = Away(process: process, sleeps: sleeping)
  // Sound: the probe calls the function before it returns, with the address of `away`, which lives on this stack; a
  // process's frames are at the same addresses whenever it runs.
  return unsafe withUnsafeMutablePointer(to: &away) { away in
    unsafe probe_registers_around({ unsafe $0.assumingMemoryBound(to: Away.self).pointee.go() }, away, pattern)
  }.nonzeroBitCount
}

/// A call that switches away from the process.
private struct Away {
  let process: ProcessContext<Never>
  let sleeps: Bool

  /// Sleeps or yields; ignores an exit, which the process's next call throws again.
  func go() {
    if sleeps { try? process.sleep(for: .microseconds(50)) } else { try? process.yield() }
  }
}
