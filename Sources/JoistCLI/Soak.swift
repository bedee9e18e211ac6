// SPDX-License-Identifier: Apache-2.0
//
// The soak test: for a given time, processes spawn, send, wait, suspend and end at random. At the end, every process,
// message and saved frame must be accounted for.

import ArgumentParser
import Foundation
import Joist
import JoistSupervision

/// The command `joist soak`, which runs random processes and then compares what was created with what was freed.
struct Soak: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a random load for a while, then checks that nothing was lost or leaked.",
    discussion: "Prints a line for each check: two counts that must be equal, or one that must be zero. "
      + "Exits with status 1 if a check fails."
  )

  @Option(help: "Duration of the load in minutes.")
  var minutes = 1.0

  @Option(help: "Seed of the random choices.")
  var seed: UInt64 = 1

  @Option(help: "Number of scheduler threads, 1…192. Default: one per core.")
  var schedulers: Int?

  @Option(help: "Number of stack slots. A small number makes processes share stacks. Default: 64, with --faults 512.")
  var slots: Int?

  @Flag(
    help: "Run crashes, kills, chains of links and restarts instead; without --schedulers on 1, 2 and 8 schedulers."
  )
  var faults = false

  func validate() throws {
    try check(minutes: minutes)
    try ProcessRuntime.Configuration(schedulers: schedulers, slots: slots ?? 64).check()
  }

  func run() throws {
    guard faults else { return try soak(schedulers, minutes) }
    let counts = schedulers.map { [$0] } ?? [1, 2, 8]
    for count in counts {
      print("\(count) scheduler\(count == 1 ? "" : "s"):")
      try soak(count, minutes / Double(counts.count))
    }
  }

  private func soak(_ schedulers: Int?, _ minutes: Double) throws {
    let runtime = try ProcessRuntime(.init(schedulers: schedulers, slots: slots ?? (faults ? 512 : 64)))
    let (tally, faultTally) = (SoakTally(), FaultTally())
    let end = ContinuousClock.now + .seconds(minutes * 60)
    if faults {
      try startFaults(runtime, seed, faultTally, until: end)
    } else {
      for number in 0..<200 {
        let chance = Chance(seed &+ UInt64(number) &* 7919)
        runtime.spawn(Parcel.self) { process in try roam(process, chance, tally, until: end) }
      }
    }
    let progress = Progress()
    while !runtime.waitUntilIdle(timeout: .seconds(1)) {
      if ContinuousClock.now > end + .seconds(60) {
        print("FAILS  the runtime was not idle a minute after the load ended")
        throw ExitCode(1)
      }
      let figures = runtime.statistics
      let crashes = faults ? "\(figures.trapsContained + figures.overflowsContained) crashes, " : ""
      let made = "\(figures.processesCreated) processes created, \(crashes)\(figures.messagesSent) messages sent"
      progress.show("\(made), frames saved \(figures.framesSaved) times")
    }
    progress.clear()
    let survivors = runtime.shutdown()
    try report(runtime.statistics, tally, faultTally, survivors)
  }

  private func report(
    _ figures: RuntimeStatistics,
    _ tally: SoakTally,
    _ faultTally: FaultTally,
    _ survivors: [ProcessID]
  ) throws {
    let gone = figures.messagesReceived + figures.messagesDestroyed + figures.messagesDropped
    var checks = [
      SoakCheck("processes", ("created", figures.processesCreated), ("ended", figures.processesEnded)),
      SoakCheck("messages", ("sent", figures.messagesSent), ("received, destroyed or dropped", gone)),
      SoakCheck("objects in messages", ("created", tally.made.total), ("destroyed", tally.destroyed.total)),
      SoakCheck("frames of processes", ("saved", figures.framesSaved), ("restored", figures.framesRestored)),
      SoakCheck("saved frames", ("bytes left", figures.savedFramesBytes)),
      SoakCheck("processes", ("outlived the runtime", survivors.count)),
    ]
    if faults {
      print(
        "       crashes: \(figures.trapsContained) traps and \(figures.overflowsContained) stack overflows contained; "
          + "supervisors: \(faultTally.supervised.total) children started"
      )
      checks += [
        SoakCheck("monitors", ("created", faultTally.monitors.total), ("notified of an exit", faultTally.ends.total)),
        SoakCheck(
          "messages between bystanders",
          ("sent", faultTally.sent.total),
          ("received", faultTally.arrived.total)
        ),
        SoakCheck("messages between bystanders", ("out of order", faultTally.disorder.total)),
      ]
    }
    for check in checks { print(check.line) }
    let holds = checks.allSatisfy(\.holds)
    if !holds { throw ExitCode(1) }
  }
}

/// A check of the soak test: two counts that must be equal, or one that must be zero.
private struct SoakCheck {
  let name: String
  let counts: [(what: String, count: Int)]

  init(_ name: String, _ first: (String, Int), _ second: (String, Int)) {
    self.name = name
    counts = [first, second]
  }

  init(_ name: String, _ zero: (String, Int)) {
    self.name = name
    counts = [zero]
  }

  var holds: Bool { counts.allSatisfy { $0.count == (counts.count == 1 ? 0 : counts[0].count) } }

  /// A line such as `holds  messages: 12 sent, 12 received`.
  var line: String {
    let figures = counts.map { "\($0.count) \($0.what)" }.joined(separator: ", ")
    return "\(holds ? "holds" : "FAILS")  \(name): \(figures)"
  }
}

/// A message between processes of the soak test: a counted object, and the process that expects a reply, if any.
struct Parcel {
  let object: Counted
  let back: ProcessRef<Parcel>?
}

/// The numbers of counted objects created and destroyed.
final class SoakTally: Sendable {
  let made = Tally()
  let destroyed = Tally()
}

/// An object that counts its creation and destruction.
final class Counted {
  private let tally: SoakTally
  init(_ tally: SoakTally) {
    self.tally = tally
    tally.made.add()
  }
  deinit { tally.destroyed.add() }
}

/// A source of random choices that depends on its seed alone.
struct Chance {
  private var numbers: SplitMix64
  init(_ seed: UInt64) { numbers = SplitMix64(seed: seed) }

  /// Returns a number in `0..<bound`.
  mutating func below(_ bound: UInt64) -> UInt64 { numbers.next() % bound }
}

/// Runs the body of a process of the soak test, which does something at random in each round.
///
/// It keeps at most eight children at a time.
private func roam(
  _ process: ProcessContext<Parcel>,
  _ chance: Chance,
  _ tally: SoakTally,
  until end: ContinuousClock.Instant
) throws {
  var chance = chance
  var children: [ProcessRef<Parcel>] = []
  while ContinuousClock.now < end {
    switch chance.below(12) {
    case 0, 1:
      let seed = chance.below(.max)
      children.append(process.spawn(Parcel.self) { try brief($0, Chance(seed), tally) })
      if children.count > 8 { children.removeFirst().exit() }
    case 2...5:
      for child in children { child.send(Parcel(object: Counted(tally), back: process.ref)) }
    case 6: children.randomOne(&chance)?.suspend()
    case 7: children.randomOne(&chance)?.resume()
    case 8: try process.sleep(for: .microseconds(Int(chance.below(2_000))))
    case 9: try process.reduce(Int(chance.below(5_000)))
    case 10: children.randomOne(&chance)?.exit(chance.below(2) == 0 ? .killed : .shutdown)
    default: if chance.below(20) == 0 { process.blocking { _ = getpid() } }
    }
    while try process.receive(timeout: .zero) != nil {}
    try process.yield()
  }
  for child in children { child.exit() }
}

/// Runs the body of a child, which replies to messages for a while and then ends, perhaps with unread messages.
private func brief(_ process: ProcessContext<Parcel>, _ chance: Chance, _ tally: SoakTally) throws {
  var chance = chance
  for _ in 0..<chance.below(30) {
    switch chance.below(6) {
    case 0: try process.yield()
    case 1: _ = try process.receive(timeout: .microseconds(Int(chance.below(1_000))))
    case 2: try process.sleep(for: .microseconds(Int(chance.below(500))))
    case 3: process.flush()
    default:
      if let parcel = try process.receive(timeout: .milliseconds(1)) {
        parcel.back?.send(Parcel(object: Counted(tally), back: nil))
      }
    }
  }
}

extension Array {
  fileprivate func randomOne(_ chance: inout Chance) -> Element? {
    isEmpty ? nil : self[Int(chance.below(UInt64(count)))]
  }
}
