// SPDX-License-Identifier: Apache-2.0
//
// The soak test with faults: processes trap, overflow their stacks, are killed, link to each other and are restarted.
// Beside them, bystanders exchange messages and must not be affected.

import Joist
import JoistSupervision

/// The counts of a soak test with faults.
final class FaultTally: Sendable {
  let monitors = Tally()
  let ends = Tally()
  let sent = Tally()
  let arrived = Tally()
  let disorder = Tally()
  let supervised = Tally()
}

/// Starts all processes of the soak test; they end by themselves at `end`.
func startFaults(
  _ runtime: ProcessRuntime,
  _ seed: UInt64,
  _ tally: FaultTally,
  until end: ContinuousClock.Instant
) throws {
  for number in 0..<40 {
    let chance = Chance(seed &+ UInt64(number) &* 104_729)
    runtime.spawn(Down.self) { process in try breed(process, chance, tally, until: end) }
  }
  for _ in 0..<16 { try startTalk(runtime, tally, until: end) }
  for number in 0..<4 {
    let supervisor = try supervisor(Chance(seed &+ UInt64(number)), tally).start(on: runtime)
    runtime.spawn { process in
      try process.sleep(for: max(.zero, end - .now))
      supervisor.exit(.shutdown)
    }
  }
}

// MARK: - Bystanders

/// A message of a bystander: the next number with the process that expects an acknowledgement, or the end.
private enum Talk {
  case number(Int, ProcessRef<Int>)
  case last
}

/// Starts a process that sends consecutive numbers, and one that checks that all of them arrive in order.
private func startTalk(_ runtime: ProcessRuntime, _ tally: FaultTally, until end: ContinuousClock.Instant) throws {
  let listener = runtime.spawn(Talk.self) { process in
    var last = 0
    while case .number(let number, let back) = try process.receive() {
      if number != last + 1 { tally.disorder.add() }
      last = number
      tally.arrived.add()
      if number % 64 == 0 { back.send(number) }
    }
  }
  runtime.spawn(Int.self) { process in
    var number = 0
    while ContinuousClock.now < end {
      for _ in 0..<64 {
        number += 1
        listener.send(.number(number, process.ref))
      }
      tally.sent.add(64)
      _ = try process.receive()
    }
    listener.send(.last)
  }
}

// MARK: - Processes that die

/// Spawns monitored children that end in every possible way, and waits for each one's `Down` message.
private func breed(
  _ process: ProcessContext<Down>,
  _ chance: Chance,
  _ tally: FaultTally,
  until end: ContinuousClock.Instant
) throws {
  var chance = chance
  while ContinuousClock.now < end {
    let count = Int(chance.below(12)) + 1
    for _ in 0..<count {
      let seed = chance.below(.max)
      let (child, _) = process.spawnMonitored(Int.self, down: told) { child in try die(child, Chance(seed)) }
      for number in 0..<Int(chance.below(4)) { child.send(number) }
      if chance.below(3) == 0 { child.exit(chance.below(2) == 0 ? .killed : .shutdown) }
    }
    tally.monitors.add(count)
    for _ in 0..<count {
      _ = try process.receive()
      tally.ends.add()
    }
  }
}

/// Returns the `Down` message unchanged, for processes whose messages are `Down` messages.
@Sendable func told(_ down: Down) -> Down { down }

/// Runs the body of a child: it does a few random things, and then ends in a random way.
private func die(_ process: ProcessContext<Int>, _ chance: Chance) throws {
  var chance = chance
  while chance.below(3) > 0 {
    switch chance.below(4) {
    case 0: try process.yield()
    case 1: _ = try process.receive(timeout: .microseconds(Int(chance.below(300))))
    case 2: try process.sleep(for: .microseconds(Int(chance.below(300))))
    default: process.spawn(Int.self) { _ in }.send(1)
    }
  }
  switch chance.below(10) {
  case 0: return
  case 1: throw SoakError()
  case 2: try process.exit(.shutdown)
  case 3: trap(Int(chance.below(2)))
  case 4: _ = deepen(1)
  case 5: if chance.below(8) == 0 { _ = deepen("a string longer than fifteen bytes") }
  case 6: process.blocking { _ = trap(1) }
  case 7: try linkStorm(process, chance)
  case 8: _ = try process.receive(where: { number in number == trap(0) }, timeout: .milliseconds(1))
  default:
    // Ignores exit signals for a while.
    for _ in 0..<chance.below(60) { do { try process.sleep(for: .microseconds(100)) } catch {} }
  }
}

private struct SoakError: Error {}

/// Spawns chains of linked processes, one of which traps.
private func linkStorm(_ process: ProcessContext<Int>, _ chance: Chance) throws {
  var chance = chance
  for _ in 0...chance.below(12) {
    process.spawnLinked { child in
      child.spawnLinked { try $0.sleep(for: .seconds(1)) }
      try child.sleep(for: .seconds(1))
    }
  }
  process.spawnLinked { child in
    try child.yield()
    trap(1)
  }
  try process.sleep(for: .seconds(10))
}

/// Traps: unwraps nil if `way` is zero, overflows an addition otherwise.
///
/// In release builds neither prints a message.
@inline(never) @discardableResult
private func trap(_ way: Int) -> Int {
  let numbers = Array(0..<way)
  return way == 0 ? numbers.max()! : Int.max - way + numbers.count + 1
}

@inline(never)
private func deepen(_ depth: Int) -> Int { depth < 0 ? 0 : depth &+ deepen(depth &+ 1) &* 3 }

@inline(never)
private func deepen(_ text: String) -> Int {
  text.isEmpty ? 0 : text.utf8.count &+ deepen(String(text.reversed())) &* 3
}

// MARK: - Processes that are restarted

/// Returns a supervisor whose children crash all the time; one of the children is itself a supervisor.
private func supervisor(_ chance: Chance, _ tally: FaultTally) -> Supervisor {
  var chance = chance
  let strategies: [Supervisor.Strategy] = [.oneForOne, .oneForAll, .restForOne]
  let (outer, inner) = (strategies[Int(chance.below(3))], strategies[Int(chance.below(3))])
  let seed = chance.below(.max)
  let below = Supervisor(inner, intensity: 20, within: .milliseconds(20)) {
    for number in 3..<6 { mortal("inner \(number)", seed &+ UInt64(number), tally) }
  }
  return Supervisor(outer, intensity: .max, within: .seconds(1)) {
    for number in 0..<3 { mortal("outer \(number)", seed &+ UInt64(number), tally) }
    Child("inner", supervisor: below)
  }
}

/// Returns a supervised child that sleeps for up to 4 ms and then traps in three of four cases.
private func mortal(_ name: String, _ seed: UInt64, _ tally: FaultTally) -> Child {
  Child(name, Never.self) { process in
    tally.supervised.add()
    var chance = Chance(seed &+ process.id.mixed)
    try process.sleep(for: .microseconds(Int(chance.below(4_000))))
    if chance.below(4) > 0 { trap(1) }
  }
}

extension ProcessID {
  /// A number derived from the process identifier.
  fileprivate var mixed: UInt64 { description.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) } }
}
