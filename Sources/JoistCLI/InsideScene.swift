// SPDX-License-Identifier: Apache-2.0
//
// The tour's scene that looks inside: it records a trace, takes a profile, and has a deadlock named.

import Foundation
import Joist
import JoistObservation
import Synchronization

/// Looks into a program with clients, servers and a loop, while two of its processes wait for each other; writes a
/// trace and a flame graph to a folder.
func seeingInside(_ runtime: ProcessRuntime, _ progress: Progress) throws -> [String] {
  let named = Mutex<(Deadlock, Duration)?>(nil)
  let start = ContinuousClock.now
  let closed = Mutex(start)
  runtime.handleReports { report in
    guard case .deadlock(let deadlock) = report.event else { return }
    named.withLock { $0 = (deadlock, ContinuousClock.now - closed.withLock { $0 }) }
  }
  let end = start + .seconds(1)
  for number in 0..<20 { startPair(runtime, number, until: end) }
  runtime.spawn(options: .init(name: "primes")) { process in
    while ContinuousClock.now < end { try process.reduce(countPrimes(below: 2_000)) }
  }
  startDeadlock(runtime) { closed.withLock { $0 = .now } }
  progress.show("recording a trace and taking a profile")
  let inspector = RuntimeInspector(runtime, name: "tour")
  let recording = try inspector.recording(seconds: 0.2, level: "messages")
  let stacks = try inspector.profile(seconds: 0.7)
  let trace = try ExecutionTrace(recording: recording)
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("joist-tour").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  let writing = try ContinuousClock().measure {
    try OutputFile.write(to: folder + "/trace.pftrace") { try trace.writePerfetto($0) }
  }
  let profile = StackProfile(
    stacks: stacks,
    programName: "tour",
    durationNanoseconds: 700_000_000,
    periodNanoseconds: StackProfile.samplingPeriod,
    startNanoseconds: Int64(Date().timeIntervalSince1970 * 1e9)
  )
  let picture = profile.flameGraph(title: "The tour's processor time")
  try OutputFile.write(to: folder + "/flames.svg") { try $0(Array(picture.utf8)) }
  let milliseconds = short(writing.milliseconds)
  return [
    named.withLock { $0 }.map { "a deadlock was named \(short($0.1.milliseconds)) ms after it closed: \($0.0)" }
      ?? "the deadlock was not named, which is a bug",
    "a trace of 0.2 s with \(trace.eventCount) events, written in \(milliseconds) ms: \(folder)/trace.pftrace,"
      + " for ui.perfetto.dev",
    "a flame graph of \(stacks.reduce(0) { $0 + $1.count }) samples: \(folder)/flames.svg, for a browser",
  ]
}

/// Starts a server, and a client that calls it every millisecond.
private func startPair(_ runtime: ProcessRuntime, _ number: Int, until end: ContinuousClock.Instant) {
  let server = runtime.spawn(ReplyTo<Int>.self, options: .init(name: "server \(number)")) { process in
    while let reply = try process.receive(timeout: .seconds(1)) { reply.send(number) }
  }
  runtime.spawn(options: .init(name: "client \(number)")) { process in
    while ContinuousClock.now < end {
      _ = try process.call(server) { $0 }
      try process.sleep(for: .milliseconds(1))
    }
  }
}

/// Starts two servers that each call the other while they answer; calls `closing` just before the circle closes.
private func startDeadlock(_ runtime: ProcessRuntime, closing: @escaping @Sendable () -> Void) {
  let bank = runtime.spawn(ReplyTo<Int>.self, options: .init(name: "bank")) { process in
    let reply = try process.receive()
    guard let shop = try process.lookup("shop", as: ReplyTo<Int>.self) else { return }
    closing()
    reply.send(try process.call(shop) { $0 })
  }
  runtime.spawn(ReplyTo<Int>.self, options: .init(name: "shop")) { process in
    _ = try process.call(bank) { $0 }
  }
}

/// Returns the number of primes below a limit, by trial division.
@inline(never)
private func countPrimes(below limit: Int) -> Int {
  (2..<limit).count { number in !(2..<number).contains { $0 * $0 <= number && number % $0 == 0 } }
}
