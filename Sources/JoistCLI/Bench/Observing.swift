// SPDX-License-Identifier: Apache-2.0
//
// Scenarios about looking into a program: a list of all processes, the top of them, and a trace of what was recorded.

import Joist
import JoistObservation

extension Scenario {
  /// The statistics of all processes, read while they wait, and the ten that have the largest figures.
  static let listing = Scenario(
    name: "listing",
    about: "ms to read the statistics of PROCESSES that wait, and to find the top ten",
    parameters: [Parameter("processes", 1...10_000_000)],
    figures: [Figure("list_ms", "ms", "for the list"), Figure("top_ms", "ms", "for the top ten")],
    runs: [.one(100_000)]
  ) { trial in
    let count = trial.arguments[0]
    let runtime = try trial.makeRuntime(schedulers: trial.threads)
    defer { runtime.shutdown(deadline: .seconds(10)) }
    for _ in 0..<count { runtime.spawn(Int.self) { process in _ = try process.receive() } }
    runtime.waitUntilIdle()
    var waits = 0
    let list = leastMilliseconds { for process in runtime.processStatistics { waits += process.waits } }
    let top = leastMilliseconds { waits += runtime.topProcesses(by: .messagesReceived, limit: 10).count }
    Sink.take(UInt64(waits))
    return Outcome(["list_ms": list, "top_ms": top])
  }

  /// A recording of processes that yield, made into a trace and written.
  static let traceWriting = Scenario(
    name: "trace",
    about: "ms to make a trace of about EVENTS and to write it for Perfetto and for Chrome",
    parameters: [Parameter("events", 1_000...4_000_000)],
    figures: [
      Figure("events", "", "events in the trace"), Figure("read_ms", "ms", "to make it of a recording"),
      Figure("perfetto_ms", "ms", "to write it for Perfetto"), Figure("chrome_ms", "ms", "to write it for Chrome"),
    ],
    runs: [.one(1_000_000)]
  ) { trial in
    // A switch is one entry, of which the trace makes a slice of the scheduler and two of the process.
    let switches = trial.arguments[0] / 3
    let runtime = try ProcessRuntime(.init(schedulers: 1, recorderEntries: min(switches * 5 / 4, 1 << 20)))
    defer { runtime.shutdown(deadline: .seconds(10)) }
    for _ in 0..<100 {
      runtime.spawn { process in for _ in 0..<max(1, switches / 100) { try process.yield() } }
    }
    runtime.waitUntilIdle()
    let recording = runtime.recorder.recording
    var events = 0
    let read = try leastMilliseconds { events = try ExecutionTrace(recording: recording).eventCount }
    let trace = try ExecutionTrace(recording: recording)
    var bytes = 0
    let perfetto = leastMilliseconds { trace.writePerfetto { bytes += $0.count } }
    let chrome = leastMilliseconds { trace.writeChromeJSON { bytes += $0.count } }
    Sink.take(UInt64(bytes))
    return Outcome(["events": Double(events), "read_ms": read, "perfetto_ms": perfetto, "chrome_ms": chrome])
  }
}

/// Runs the work three times, and returns the milliseconds of the fastest run.
private func leastMilliseconds(_ work: () throws -> Void) rethrows -> Double {
  let clock = ContinuousClock()
  return try (0..<3).map { _ in try clock.measure { try work() }.milliseconds }.min()!
}
