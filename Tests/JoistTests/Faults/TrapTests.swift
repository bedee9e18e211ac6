// SPDX-License-Identifier: Apache-2.0
//
// A crash ends the process in which it happens and nothing else.

import CFaultProbe
import Foundation
import Joist
import TestSupport
import Testing

/// Runs `body` in a process and returns the reason with which the process ended.
func end(
  schedulers: Int = 2,
  options: SpawnOptions = .init(),
  _ body: @escaping @Sendable (ProcessContext<Never>) throws -> Void
) throws -> ExitReason {
  let log = Log<ExitReason>()
  _ = try withRuntime(.init(schedulers: schedulers)) { runtime in
    runtime.spawn(Down.self) { process in
      process.spawnMonitored(options: options, down: { $0 }, body)
      log.add(try process.receive().reason)
    }
  }
  return try #require(log.entries.first)
}

/// Returns the message with which a process that runs `body` ends, and tries again until it contains `wanted`.
func saying(
  _ wanted: String,
  schedulers: Int = 1,
  _ body: @escaping @Sendable (ProcessContext<Never>) throws -> Void
) throws -> String {
  try saying(wanted) { try end(schedulers: schedulers, body) }
}

/// Returns the message of the end that `run` returns, and tries again until it contains `wanted`.
///
/// When two processes crash at the same moment, each may get the other's message (W28), and tests run concurrently. So
/// a run with another message is repeated, at most 100 times.
func saying(_ wanted: String, _ run: () throws -> ExitReason) throws -> String {
  var said = ""
  for _ in 0..<100 where !said.contains(wanted) {
    let reason = try run()
    said = reason.trap?.message ?? "\(reason)"
  }
  return said
}

extension ExitReason {
  /// The trap, if the reason is one.
  var trap: Trap? { if case .trap(let trap) = self { trap } else { nil } }
  /// Whether the reason is a stack overflow.
  var isOverflow: Bool { if case .stackOverflow = self { true } else { false } }
}

@Suite struct TrapTests {
  @Test(arguments: WayOfDying.allCases)
  func `P5: a crash ends its process with a trap as the reason, and ends no other process`(way: WayOfDying) throws {
    let reasons = Log<ExitReason>()
    let log = Log<Int>()
    let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
      let other = runtime.spawn(Int.self) { process in while true { log.add(try process.receive()) } }
      runtime.spawn(Down.self) { process in
        for number in 1...many(20) {
          process.spawnMonitored(down: { $0 }) { _ in try way.die() }
          reasons.add(try process.receive().reason)
          other.send(number)
        }
      }
    }
    let traps = reasons.entries.compactMap(\.trap)
    #expect(traps.count == many(20) && traps.allSatisfy { $0.signal > 0 && $0.backtrace.count > 1 })
    #expect(log.entries == Array(1...many(20)) && statistics.trapsContained == many(20))
  }

  @Test func `P5: a trap carries the message of Swift's runtime`() throws {
    let number = unknown(3)
    let text = "Fatal error: number 3"
    #expect(try saying(text) { _ in fatalError("number \(number)") }.hasSuffix(text))
    let cast = "Could not cast value of type"
    var reason = ExitReason.normal
    _ = try saying(cast) {
      reason = try end { _ in try WayOfDying.cast.die() }
      return reason
    }
    #expect("\(reason)".hasPrefix("trap: \(cast)"))
  }

  // Under emulation, enough time passes between a message and its crash that another process's message may come between
  // them, which Joist does not promise to prevent.
  @Test(.enabled(if: many(10) == 10), .timeLimit(.minutes(15)))
  func `P5: when many processes crash at once, no message is used twice or for another kind of crash`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      let deaths = Log<Trap>()
      _ = try withRuntime(.init(schedulers: 4)) { runtime in
        runtime.spawn(Down.self) { process in
          let count = many(200)
          for number in 1...count {
            process.spawnMonitored(down: { $0 }) { _ in fatalError("number \(unknown(number))") }
            process.spawnMonitored(down: { $0 }) { _ in try WayOfDying.cast.die() }
            process.spawnMonitored(down: { $0 }) { _ in try WayOfDying.cTrap.die() }
          }
          for _ in 1...3 * count { deaths.add(try #require(try process.receive().reason.trap)) }
        }
      }
      let count = many(200)
      let aborted = deaths.entries.filter { $0.signal == SIGABRT }
      let trapped = deaths.entries.filter { $0.signal != SIGABRT }.compactMap(\.message)
      let numbers = trapped.compactMap { $0.components(separatedBy: "Fatal error: number ").last }
      precondition(Set(numbers).count == numbers.count && Set(numbers).isSubset(of: (1...count).map(String.init)))
      precondition(aborted.allSatisfy { $0.message?.hasPrefix("Could not cast") != false })
      // Swift's runtime itself loses some messages when two threads append one and a third takes one.
      precondition(numbers.count >= count / 2 && aborted.count { $0.message != nil } >= count / 2)
    }
  }

  @Test func `P5: a backtrace leads from the trap to the body`() throws {
    let trap = try #require(try end { _ in try WayOfDying.unwrap.die() }.trap)
    #expect(trap.programCounter == trap.backtrace.first && trap.backtrace.count < 30)
    let lines = trap.symbolicated()
    #expect(lines.contains { $0.contains("WayOfDying.die()") }, "\(lines)")
  }

  @Test func `P5: a symbolicated backtrace leaves out the frames that the compiler generates`() throws {
    // The closure is converted to one with a generic result, and called as such: each conversion adds a thunk.
    let trap = try #require(try end { _ in try called(unknown({ try WayOfDying.unwrap.die() })) }.trap)
    let lines = trap.symbolicated()
    #expect(lines.count > 1)
    for word in ["thunk", "partial apply", "protocol witness", "<compiler-generated>"] {
      #expect(!lines.contains { $0.contains(word) && !$0.hasPrefix("Swift runtime failure") }, "\(lines)")
    }
  }

  @Test func `P5: a memory access that is open during a crash is closed afterwards`() throws {
    // With one scheduler all processes run on one thread.
    for _ in 0..<3 {
      for way in [WayOfDying.exclusivity, .unowned] {
        #expect(try end(schedulers: 1) { _ in try way.die() }.trap != nil)
      }
    }
    let log = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      let shared = Shared()
      runtime.spawn { _ in modify(&shared.number) { crash("in an access") } }
      runtime.spawn { process in
        try process.yield()
        modify(&shared.number) {}
        log.add(true)
      }
    }
    #expect(log.entries == [true])
  }

  @Test func `C1: a task-local value that is bound during a crash does not reach other processes`() throws {
    let log = Log<Int>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn { _ in Locals.$number.withValue(7) { crash("in a binding") } }
      runtime.spawn { _ in log.add(Locals.number) }
    }
    #expect(log.entries == [0])
  }

  @Test func `C2: the rounding mode of a crashed process does not reach other processes`() throws {
    let log = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn { _ in
        probe_round_upwards()
        fatalError("rounding upwards")
      }
      runtime.spawn { process in
        log.add(probe_rounds_upwards())
        process.spawn { _ in log.add(probe_rounds_upwards()) }
      }
    }
    #expect(log.entries == [false, false])
  }

  @Test(.timeLimit(.minutes(15)))
  func `P5: a crash inside print leaves the stream usable for others`() throws {
    let log = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Down.self) { process in
        process.spawnMonitored(down: { $0 }) { _ in print(Unprintable()) }
        log.add(try process.receive().reason.trap != nil)
        process.blocking { print("", terminator: "") }
        log.add(true)
      }
    }
    #expect(log.entries == [true, true])
  }

  @Test func `P5: a lock held by a process that crashes goes to the next waiter`() throws {
    let log = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      let lock = ProcessLock(0)
      for _ in 0..<2 { runtime.spawn { _ in lock.withLock { _ in crash("in a lock") } } }
      runtime.spawn { process in
        try process.yield()
        lock.withLock { $0 += 1 }
        log.add(lock.isInconsistent)
      }
    }
    #expect(log.entries.count == 1)
  }

  @Test func `P5: a crash in a deinit, map, predicate or timer closure ends its process and frees its mail`() throws {
    let tracker = Tracker()
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      let inDeinit = runtime.spawn(Fragile.self) { process in try process.sleep(for: .milliseconds(1)) }
      for number in 0..<10 { inDeinit.send(Fragile(tracker, breaks: number == 4)) }
      let inPredicate = runtime.spawn(Fragile.self) { process in
        _ = try process.receive(where: { fragile in
          if fragile.breaks { crash("looked at") }
          return false
        })
      }
      for number in 0..<10 { inPredicate.send(Fragile(tracker, breaks: number == 4)) }
      let inMap = runtime.spawn(Fragile.self) { process in
        process.spawnMonitored(down: { _ in fatalError("mapped") }) { _ in }
        try process.sleep(for: .milliseconds(1))
        _ = try process.receive(where: { _ in false })
      }
      for _ in 0..<10 { inMap.send(Fragile(tracker, breaks: false)) }
      runtime.sendEvery(.milliseconds(1), to: runtime.spawn(Int.self) { _ = try $0.receive() }) { fatalError("made") }
    }
    // What may remain is the object whose `deinit` trapped, and the message that the predicate was looking at.
    #expect(tracker.count <= 2)
    #expect(statistics.trapsContained == 4 && statistics.processesEnded == statistics.processesCreated)
    let gone = statistics.messagesReceived + statistics.messagesDestroyed + statistics.messagesDropped
    #expect(statistics.messagesSent == gone)
  }

  @Test func `P5: traps on many schedulers, including spare ones, lose no messages`() throws {
    let sum = Count()
    let statistics = try withRuntime(.init(schedulers: 8)) { runtime in
      for _ in 0..<4 {
        runtime.spawn(Down.self) { process in
          for _ in 0..<many(200) {
            process.spawnMonitored(down: { $0 }) { other in
              try other.yield()
              fatalError("in turn")
            }
          }
          for _ in 0..<many(200) { sum.add(try process.receive().reason.trap == nil ? 0 : 1) }
        }
      }
      for _ in 0..<4 {
        runtime.spawn { _ in
          let end = ContinuousClock.now + .milliseconds(20)
          while ContinuousClock.now < end {}
          fatalError("after a stuck slice")
        }
      }
    }
    #expect(sum.total == 4 * many(200) && statistics.trapsContained == 4 * many(200) + 4)
  }
}

/// Crashes in a way that the compiler cannot foresee.
@inline(never)
private func crash(_ sentence: String) { if unknown(true) { fatalError(sentence) } }

private final class Shared: @unchecked Sendable { var number = 0 }
private enum Locals { @TaskLocal static var number = 0 }
private struct Unprintable: CustomStringConvertible { var description: String { fatalError("in a description") } }

private final class Fragile {
  let breaks: Bool
  private let tracked: Tracked

  init(_ tracker: Tracker, breaks: Bool) {
    self.breaks = breaks
    tracked = Tracked(tracker)
  }

  deinit { if breaks { fatalError("in a deinit") } }
}

@inline(never)
private func modify(_ number: inout Int, _ body: () -> Void) {
  body()
  number += 1
}

/// Calls a function with a generic result type.
@inline(never)
private func called<Result>(_ body: () throws -> Result) throws -> Result { try body() }
