// SPDX-License-Identifier: Apache-2.0
//
// The scenes of the tour. Each returns lines of text with what it measured; the first line is its summary.

import Joist
import Synchronization

/// Spawns `number` processes that wait in `receive`, and measures memory and time per process.
func crowd(_ runtime: ProcessRuntime, _ progress: Progress, _ number: Int) throws -> [String] {
  let before = residentBytes()
  var refs: [ProcessRef<Int>] = []
  refs.reserveCapacity(number)
  let clock = ContinuousClock()
  let making = clock.measure {
    for index in 0..<number {
      refs.append(runtime.spawn(Int.self) { process in _ = try process.receive() })
      if index % 50_000 == 0 { progress.show("\(index) processes") }
    }
    runtime.waitUntilIdle()
  }
  let each = (residentBytes() - before - number * MemoryLayout<ProcessRef<Int>>.stride) / number
  progress.show("sending a last message to each")
  let going = clock.measure {
    for ref in refs { ref.send(1) }
    runtime.waitUntilIdle()
  }
  let micros = short(count(.microseconds(1), in: making) / Double(number))
  let microsGoing = short(count(.microseconds(1), in: going) / Double(number))
  return [
    "\(number) waiting processes: \(each) bytes per process, \(micros) µs to spawn one and run it to its receive",
    "to send each a message and let it end: \(microsGoing) µs per process; processes left: \(runtime.processes.count)",
  ]
}

/// A message of the ring: first the next member, then the token with the number of hops left.
private enum Hop {
  case next(ProcessRef<Hop>)
  case token(Int)
}

/// Passes a token around a ring of `length` processes fifty times, and measures the time per hop.
func ring(_ runtime: ProcessRuntime, _ progress: Progress, _ length: Int) throws -> [String] {
  let hops = length * 50
  let members = (0..<length).map { _ in
    runtime.spawn(Hop.self) { process in
      guard case .next(let next) = try process.receive() else { return }
      while case .token(let left) = try process.receive() {
        if left > 0 { next.send(.token(left - 1)) }
      }
    }
  }
  for (index, member) in members.enumerated() { member.send(.next(members[(index + 1) % length])) }
  runtime.waitUntilIdle()
  progress.show("\(hops) hops")
  let time = ContinuousClock().measure {
    members[0].send(.token(hops))
    runtime.waitUntilIdle()
  }
  return ["a message to the next process: \(short(count(.nanoseconds(1), in: time) / Double(hops))) ns (\(hops) hops)"]
}

/// Runs processes of all four priorities for two seconds, and measures each priority's throughput and wake-up delay.
///
/// Each priority has processes that compute, and one process that sleeps for a millisecond at a time.
func fourPriorities(_ runtime: ProcessRuntime, _ progress: Progress) throws -> [String] {
  progress.show("measuring a switch")
  let switching = short(try switchNanoseconds())
  let end = ContinuousClock.now + .seconds(2)
  let levels = Priority.allCases.map { PriorityFigures($0) }
  for level in levels { level.start(runtime, until: end) }
  progress.show("running four priorities")
  runtime.waitUntilIdle()
  let all = levels.reduce(0) { $0 + $1.work.total }
  let lines = levels.map { $0.line(of: all) }
  let switches = "a switch from process to process takes \(switching) ns"
  let (urgent, low) = (levels[0].median, levels[3].median)
  return ["\(switches); under full load a .max sleeper wakes \(urgent) late, a .low one \(low) late (median)"] + lines
}

/// Returns the nanoseconds per switch between two processes that yield to each other on one scheduler.
private func switchNanoseconds() throws -> Double {
  let runtime = try ProcessRuntime(.init(schedulers: 1))
  defer { runtime.shutdown() }
  let turns = 500_000
  let time = ContinuousClock().measure {
    for _ in 0..<2 { runtime.spawn { process in for _ in 0..<turns { try process.yield() } } }
    runtime.waitUntilIdle()
  }
  return time.nanoseconds / Double(2 * turns)
}

/// The throughput and the wake-up delays of the processes of one priority.
private struct PriorityFigures {
  let priority: Priority
  let work = Tally()
  private let waits = Times()

  init(_ priority: Priority) { self.priority = priority }

  /// Starts one computing process per scheduler, and one process that repeatedly sleeps for a millisecond.
  func start(_ runtime: ProcessRuntime, until end: ContinuousClock.Instant) {
    for _ in 0..<runtime.schedulerCount {
      runtime.spawn(options: .init(priority: priority)) { [priority, work] process in
        while ContinuousClock.now < end {
          for _ in 0..<20 { try process.reduce(50) }
          work.add()
          // An urgent process sleeps most of the time; otherwise no less urgent process would run.
          if priority >= .high { try process.sleep(for: .microseconds(priority == .max ? 400 : 200)) }
        }
      }
    }
    runtime.spawn(options: .init(priority: priority)) { [waits] process in
      while ContinuousClock.now < end {
        let due = ContinuousClock.now + .milliseconds(1)
        try process.sleep(for: .milliseconds(1))
        waits.add(ContinuousClock.now - due)
      }
    }
  }

  /// The median wake-up delay with its unit, or `never` if the process did not wake.
  var median: String {
    let sorted = waits.all.sorted()
    return sorted.isEmpty ? "never" : "\(short(sorted[sorted.count / 2].milliseconds)) ms"
  }

  /// Returns the line of this priority: its share of `all` units of work, then its wake-up delays.
  func line(of all: Int) -> String {
    let share = Double(work.total) / Double(max(1, all))
    let load = "\(short(share * 100)) % of the work".padded(to: 20)
    let bar = String(repeating: "█", count: Int((share * 20).rounded())).padded(to: 20)
    let sorted = waits.all.sorted()
    let late = "\(median) late (median), \(sorted.last.map { short($0.milliseconds) } ?? "-") ms late (maximum)"
    return "\("\(priority)".padded(to: 7))\(bar) \(load)  sleeper woke \(sorted.count) times, \(late)"
  }
}

/// Runs a loop without a suspension point on every scheduler, and measures how late a sleeper wakes beside them.
func loopAndSleeper(_ runtime: ProcessRuntime, _ progress: Progress) throws -> [String] {
  let end = ContinuousClock.now + .seconds(1)
  for _ in 0..<runtime.schedulerCount {
    runtime.spawn { _ in while ContinuousClock.now < end {} }
  }
  let list = Times()
  runtime.spawn { process in
    while ContinuousClock.now < end {
      let due = ContinuousClock.now + .milliseconds(1)
      try process.sleep(for: .milliseconds(1))
      list.add(ContinuousClock.now - due)
    }
  }
  progress.show("running loops that never yield")
  runtime.waitUntilIdle()
  let sorted = list.all.sorted()
  guard let worst = sorted.last else { return ["the sleeper never woke, which is a bug"] }
  let median = short(count(.milliseconds(1), in: sorted[sorted.count / 2]))
  return [
    "beside loops that never yield, a sleeper woke \(sorted.count) times: "
      + "\(median) ms late (median), \(short(count(.milliseconds(1), in: worst))) ms late (maximum)",
    "spare schedulers started: \(runtime.statistics.spareStarts)",
  ]
}

/// A counter that many processes add to.
final class Tally: Sendable {
  private let value = Atomic<Int>(0)
  func add(_ amount: Int = 1) { value.add(amount, ordering: .relaxed) }
  var total: Int { value.load(ordering: .relaxed) }
}

/// A list of durations that a process appends to and the scene reads.
private final class Times: Sendable {
  private let list = Mutex<[Duration]>([])
  func add(_ time: Duration) { list.withLock { $0.append(time) } }
  var all: [Duration] { list.withLock { $0 } }
}
