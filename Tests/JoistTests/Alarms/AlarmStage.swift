// SPDX-License-Identifier: Apache-2.0
//
// The stage of the tests of alarms: a runtime on simulated time whose watchdog looks when a test says so.

import Joist
import TestSupport

extension ProcessRuntime {
  /// The alarms among the recent reports, oldest first.
  var alarms: [Alarm] { recentReports.compactMap(\.alarm) }
}

extension Report {
  /// The alarm that the report is about; nil if it is about something else.
  var alarm: Alarm? { if case .alarm(let alarm) = event { alarm } else { nil } }
}

extension Alarm {
  /// The kind of the alarm, and whether it is raised or over.
  var change: String { "\(kind.rawValue) \(isRaised ? "raised" : "over")" }
}

/// A simulated runtime with one scheduler and the given thresholds.
struct AlarmStage {
  let simulation: HandDriven
  var runtime: ProcessRuntime { simulation.runtime }
  /// The alarms so far, as kinds and changes.
  var changes: [String] { runtime.alarms.map(\.change) }

  init(_ thresholds: [Alarm.Kind: AlarmThreshold], minimumInterval: Duration = .zero) throws {
    let alarms = AlarmThresholds(thresholds, minimumInterval: minimumInterval)
    // Each look sees 4,096 records, of which an earlier runtime of the same core may have used a hundred thousand.
    var simulation = try HandDriven(.init(schedulers: 1, alarms: alarms))
    for _ in 0..<50 where simulation.runtime.usedRecords > 1_000 {
      simulation = try HandDriven(.init(schedulers: 1, alarms: alarms))
    }
    self.simulation = simulation
  }

  /// Lets time pass while no process runs, with ten looks a second.
  func pass(_ time: Duration = .milliseconds(100)) {
    for _ in 0..<max(1, Int(time / .milliseconds(100))) {
      simulation.platform.advance(by: 100_000_000)
      runtime.lookAtMemory()
      runtime.lookAtAlarms()
    }
  }

  /// Lets the calling process run on for a time, with a round of the watchdog every two milliseconds.
  func spend(_ time: Duration) {
    for _ in 0..<Int(time / .milliseconds(2)) {
      simulation.platform.advance(by: 2_000_000)
      runtime.lookAtAlarms()
    }
  }

  /// Runs all processes for two milliseconds.
  func run() { simulation.pass(nanoseconds: 2_000_000) }

  /// Spawns a process that receives a message only when it is told to by a count.
  func spawnFull(_ name: String? = nil) -> FullProcess {
    let allowed = Count()
    let process = runtime.spawn(Int.self, options: .init(name: name)) { process in
      for received in 0... {
        while received >= allowed.total { try process.sleep(for: .milliseconds(1)) }
        _ = try process.receive()
      }
    }
    run()
    return FullProcess(process: process, allowed: allowed, stage: self)
  }
}

/// A process whose mailbox a test fills and empties.
struct FullProcess {
  let process: ProcessRef<Int>
  let allowed: Count
  let stage: AlarmStage

  /// Changes the number of messages in the mailbox, and lets the watchdog look.
  func change(by count: Int) {
    for number in 0..<max(0, count) { process.send(number) }
    allowed.add(max(0, -count))
    stage.run()
    stage.pass()
  }
}
