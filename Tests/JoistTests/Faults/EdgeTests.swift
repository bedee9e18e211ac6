// SPDX-License-Identifier: Apache-2.0
//
// Crashes in awkward places: during a wait for a lock, in a timer's message, in reports, near the end of the stack.

import CFaultProbe
import Foundation
import Joist
import Synchronization
import TestSupport
import Testing

/// An object that crashes when it is destroyed.
private final class Bomb: Sendable { deinit { if unknown(true) { fatalError("a bomb") } } }

/// An object that calls a closure when it is destroyed.
private final class Last: Sendable {
  private let act: @Sendable () -> Void
  init(_ act: @escaping @Sendable () -> Void) { self.act = act }
  deinit { act() }
}

private struct Heavy: Error { let last: Last }

@inline(never)
private func deep(_ depth: Int) -> Int {
  if depth == 0 && unknown(true) { fatalError("deep in an initializer") }
  return unknown(true) ? deep(depth - 1) + unknown(1) : 0
}

private let deeplyMade = deep(200)
private let endlesslyMade = deep(-1)

@Suite(.timeLimit(.minutes(15))) struct EdgeTests {
  @Test func `P5: a crash or overflow deep in a lazy initializer leaves a lock held and ends the program`() async {
    await #expect(processExitsWith: .failure) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      runtime.spawn { _ in print(deeplyMade) }
      await runtime.waitUntilIdle()
      exit(0)
    }
    await #expect(processExitsWith: .failure) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      runtime.spawn { _ in print(endlesslyMade) }
      await runtime.waitUntilIdle()
      exit(0)
    }
  }

  @Test func `P5: a SIGABRT that is sent to the program ends it`() async {
    await #expect(processExitsWith: .signal(SIGABRT)) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      runtime.spawn { _ in while unknown(true) { _ = String(repeating: unknown("x"), count: 100_000) } }
      kill(getpid(), SIGABRT)
      await runtime.waitUntilIdle()
    }
  }

  @Test func `C2: a process begins with its runtime's control words, not with those of its creator`() throws {
    let log = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn { process in
        probe_round_upwards()
        process.spawn { _ in log.add(probe_rounds_upwards()) }
        try process.yield()
      }
    }
    #expect(log.entries == [false])
  }

  @Test func `P5: a lock granted to a process that crashes at that moment goes to the next waiter`() throws {
    let log = Log<String>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      let lock = ProcessLock(0)
      runtime.spawn { first in
        lock.withLock { _ in
          let second = first.spawn(ExitSignal.self) { second in
            second.trapExits { signal in
              if unknown(true) { fatalError("in a map") }
              return signal
            }
            lock.withLock { _ in log.add("second") }
          }
          try? first.yield()
          try? first.yield()
          second.exit(.shutdown)
        }
        try first.yield()
        try first.yield()
        lock.withLock { _ in log.add("first again") }
      }
    }
    #expect(log.entries.last == "first again")
  }

  @Test func `P5: a permit granted to a process that crashes at that moment goes to the next waiter`() throws {
    let log = Log<String>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      let semaphore = ProcessSemaphore(permits: 0)
      let crasher = runtime.spawn(ExitSignal.self) { process in
        process.trapExits { signal in
          if unknown(true) { fatalError("in a map") }
          return signal
        }
        try semaphore.acquire()
      }
      runtime.spawn { process in
        while crasher.snapshot?.waitReason != .turn { try process.yield() }
        crasher.exit(.shutdown)
        semaphore.release()
        try semaphore.acquire()
        log.add("permit")
      }
    }
    #expect(log.entries == ["permit"])
  }

  @Test func `P5: an overflow in a call that takes a runtime lock leaves that lock free`() throws {
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      let (lock, semaphore) = (ProcessLock(0), ProcessSemaphore(permits: 1))
      let named = runtime.spawn(Int.self) { _ = try $0.receive() }
      try runtime.register(named, as: "named")
      let group = ProcessGroup<Int>()
      group.join(named)
      let calls: [@Sendable () -> Void] = [
        { lock.withLock { $0 += 1 } },
        { if semaphore.tryAcquire() { semaphore.release() } },
        { _ = runtime.registeredNames },
        { _ = group.count },
        { runtime.spawn { _ in } },
        { runtime.cancel(runtime.sendAfter(.seconds(100), to: named, 1)) },
      ]
      for call in calls {
        runtime.spawn { _ in print(repeated(call)) }
        #expect(runtime.waitUntilIdle(timeout: .seconds(20)))
        call()
      }
      #expect(group.count == 1)
      named.send(1)
    }
    #expect(statistics.overflowsContained == 6)
  }

  @Test func `I2: an error that drops out of the recent reports may send messages when it is destroyed`() throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    runtime.handleReports(perSecond: 1_000_000, nil)
    let dead = runtime.spawn(Int.self) { _ in }
    runtime.waitUntilIdle()
    for _ in 0..<200 { runtime.spawn { _ in throw Heavy(last: Last { dead.send(1) }) } }
    runtime.waitUntilIdle()
    #expect(runtime.recentReports.count == 64 && runtime.statistics.trapsContained == 0)
    runtime.shutdown()
  }

  @Test func `P5: a timer's message that cannot be delivered may crash or send when it is destroyed`() throws {
    let sent = Count()
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn { process in
        let dead = process.spawn(Bomb.self) { _ in }
        let gone = process.spawn(Int.self) { _ in }
        process.sendAfter(.milliseconds(1), to: dead, Bomb())
        let last = Last {
          sent.add()
          runtime.sendAfter(.milliseconds(1), to: gone, 1)
        }
        repeatedly(process, to: gone, holding: last)
        try process.sleep(for: .milliseconds(20))
        // The next processes in the records of `dead` and `gone` find the messages that the timers left there.
        for _ in 0..<4 { process.spawn { try $0.yield() } }
        let full = SpawnOptions(mailbox: .bounded(1, whenFull: .fail))
        let busy = process.spawn(Bomb?.self, options: full) { busy in try busy.sleep(for: .milliseconds(20)) }
        busy.send(nil)
        process.sendAfter(.milliseconds(1), to: busy, Bomb())
        try process.sleep(for: .milliseconds(40))
      }
    }
    #expect(sent.total == 1 && statistics.trapsContained == 2)
  }

  @Test func `P5: a crash while a blocking closure's captures are destroyed ends its process`() throws {
    let said = try saying("a bomb") { process in
      let bomb = Bomb()
      _ = process.blocking { withExtendedLifetime(bomb) { 5 } }
    }
    #expect(said.hasSuffix("a bomb"))
  }

  @Test func `L1: a killed process that is abandoned during a timed wait leaves no timer armed`() throws {
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      let stubborn = runtime.spawn(Int.self) { process in
        let holder = Unchecked(process)
        _ = try? process.receive(where: { _ in while true { try? holder.value.yield() } }, timeout: .seconds(1_000))
      }
      stubborn.send(1)
      runtime.spawn { process in
        try process.sleep(for: .milliseconds(5))
        stubborn.exit(.killed)
      }
    }
    #expect(statistics.processesAbandoned == 1)
  }
}

/// A box that carries a value into a `@Sendable` predicate past the compiler's check.
private struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

@inline(never)
private func repeated(_ call: () -> Void) -> Int {
  call()
  return unknown(true) ? unknown(repeated(call)) + 1 : 0
}

@inline(never)
private func repeatedly(_ process: ProcessContext<Never>, to ref: ProcessRef<Int>, holding last: Last) {
  process.sendEvery(.milliseconds(1), to: ref) { withExtendedLifetime(last) { 1 } }
}
