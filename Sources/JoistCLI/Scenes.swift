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

/// The four priorities, two processes each, counting what they get done.
func fourPriorities(_ runtime: ProcessRuntime, _ progress: Progress) throws -> [String] {
  let done = Priority.allCases.map { _ in Tally() }
  let end = ContinuousClock.now + .seconds(2)
  for (priority, tally) in zip(Priority.allCases, done) {
    for _ in 0..<runtime.schedulerCount {
      runtime.spawn(options: .init(priority: priority)) { process in
        while ContinuousClock.now < end {
          for _ in 0..<20 { try process.reduce(50) }
          tally.add()
          // The urgent ones leave room, as urgent ones should.
          if priority >= .high { try process.sleep(for: .microseconds(priority == .max ? 400 : 200)) }
        }
      }
    }
  }
  progress.show("competing")
  runtime.waitUntilIdle()
  let all = done.reduce(0) { $0 + $1.total }
  let shares = zip(Priority.allCases, done).map { priority, tally in
    let share = Double(tally.total) / Double(max(1, all))
    let name = "\(priority)".padding(toLength: 7)
    return "\(name)\(String(repeating: "█", count: Int((share * 40).rounded()))) \(short(share * 100)) %"
  }
  return ["four priorities: \(all) turns of work in two seconds, \(runtime.statistics.aged) moved up by age"] + shares
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

extension String {
  fileprivate func padding(toLength length: Int) -> String {
    self + String(repeating: " ", count: max(0, length - count))
  }
}
