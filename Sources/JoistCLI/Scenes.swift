// SPDX-License-Identifier: Apache-2.0
//
// The scenes of the tour. Each gives back what it measured, the most telling line first.

import Joist
import Synchronization

/// Many processes that wait, and what each costs.
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
  progress.show("telling all of them to go")
  let going = clock.measure {
    for ref in refs { ref.send(1) }
    runtime.waitUntilIdle()
  }
  let micros = short(count(.microseconds(1), in: making) / Double(number))
  let microsGoing = short(count(.microseconds(1), in: going) / Double(number))
  return [
    "\(number) live processes: \(each) bytes each, \(micros) µs to make and bring to rest",
    "a message to each and its end: \(microsGoing) µs; left: \(runtime.processes.count)",
  ]
}

/// What goes round the ring: first the way on, then the token.
private enum Hop {
  case next(ProcessRef<Hop>)
  case token(Int)
}

/// A token that goes round.
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
  return ["a hop from process to process: \(short(count(.nanoseconds(1), in: time) / Double(hops))) ns (\(hops) hops)"]
}

/// The four priorities at work: of each, processes that compute, and one that wants to run each millisecond.
func fourPriorities(_ runtime: ProcessRuntime, _ progress: Progress) throws -> [String] {
  progress.show("switching")
  let switching = short(try switchNanoseconds())
  let end = ContinuousClock.now + .seconds(2)
  let levels = Priority.allCases.map { PriorityFigures($0) }
  for level in levels { level.start(runtime, until: end) }
  progress.show("competing")
  runtime.waitUntilIdle()
  let all = levels.reduce(0) { $0 + $1.work.total }
  let lines = levels.map { $0.line(of: all) }
  let switches = "a switch from process to process takes \(switching) ns"
  let (urgent, low) = (levels[0].median, levels[3].median)
  return ["\(switches); under full load a .max process starts \(urgent) late, a .low one \(low) late"] + lines
}

/// Nanoseconds of a switch: two processes on one scheduler that yield to each other.
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

/// What processes of one priority get done, and how long they wait for their turn.
private struct PriorityFigures {
  let priority: Priority
  let work = Tally()
  private let waits = Times()

  init(_ priority: Priority) { self.priority = priority }

  /// Starts one process a scheduler that computes, and one that sleeps for a millisecond again and again.
  func start(_ runtime: ProcessRuntime, until end: ContinuousClock.Instant) {
    for _ in 0..<runtime.schedulerCount {
      runtime.spawn(options: .init(priority: priority)) { [priority, work] process in
        while ContinuousClock.now < end {
          for _ in 0..<20 { try process.reduce(50) }
          work.add()
          // What is urgent has little to do, or nothing else would run.
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

  /// The lateness in the median, with its unit.
  var median: String {
    let sorted = waits.all.sorted()
    return sorted.isEmpty ? "never" : "\(short(sorted[sorted.count / 2].milliseconds)) ms"
  }

  /// One line: the share of the work, then the lateness.
  func line(of all: Int) -> String {
    let share = Double(work.total) / Double(max(1, all))
    let load = "\(short(share * 100)) % of the load".padded(to: 20)
    let bar = String(repeating: "█", count: Int((share * 20).rounded())).padded(to: 20)
    let sorted = waits.all.sorted()
    let late = "\(median) late in the median, \(sorted.last.map { short($0.milliseconds) } ?? "-") ms at worst"
    return "\("\(priority)".padded(to: 7))\(bar) \(load)  woken \(sorted.count) times, \(late)"
  }
}

/// A loop without a suspension point on every scheduler, and a process that wants a moment each millisecond.
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
  progress.show("looping")
  runtime.waitUntilIdle()
  let sorted = list.all.sorted()
  guard let worst = sorted.last else { return ["the sleeper never ran: that should not be"] }
  let median = short(count(.milliseconds(1), in: sorted[sorted.count / 2]))
  return [
    "beside loops that never yield a sleeper woke \(sorted.count) times: "
      + "\(median) ms late in the median, \(short(count(.milliseconds(1), in: worst))) ms at worst",
    "spare schedulers that stood in: \(runtime.statistics.spareStarts)",
  ]
}

/// A count that many processes add to.
final class Tally: Sendable {
  private let value = Atomic<Int>(0)
  func add(_ amount: Int = 1) { value.add(amount, ordering: .relaxed) }
  var total: Int { value.load(ordering: .relaxed) }
}

/// A list that a process writes and the scene reads.
private final class Times: Sendable {
  private let list = Mutex<[Duration]>([])
  func add(_ time: Duration) { list.withLock { $0.append(time) } }
  var all: [Duration] { list.withLock { $0 } }
}
