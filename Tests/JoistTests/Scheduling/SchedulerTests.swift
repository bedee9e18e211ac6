// SPDX-License-Identifier: Apache-2.0
//
// Schedulers as threads: how they steal, get stuck, become idle, and hand over blocking closures.

import Dispatch
import Joist
import Synchronization
import TestSupport
import Testing

@Suite struct SchedulerTests {
  @Test func `S7: a loop that never yields holds no other process up`() throws {
    let flag = Count()
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      // This loop keeps the only scheduler busy, and ends only if the other process runs.
      runtime.spawn { _ in while flag.total == 0 {} }
      runtime.spawn { process in
        try process.sleep(for: .milliseconds(1))
        flag.add()
      }
    }
    #expect(statistics.spareStarts >= 1)
    #expect(statistics.processesEnded == 2)
  }

  @Test func `S7: with more busy loops than schedulers other processes run, and the spare schedulers retire`() throws {
    let flag = Count()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      for _ in 0..<4 { runtime.spawn { _ in while flag.total < 10 {} } }
      runtime.spawn { process in
        for _ in 0..<10 {
          try process.sleep(for: .milliseconds(1))
          flag.add()
        }
      }
      runtime.waitUntilIdle()
      // Spare schedulers that remained would keep the runtime from becoming idle.
      for _ in 0..<100 { runtime.spawn { process in try process.yield() } }
    }
    #expect(flag.total == 10)
  }

  @Test(.timeLimit(.minutes(15)))
  func `S7: a loop that never yields holds no other process up after the runtime was quiet`() throws {
    let isOver = Count()
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn { process in
        // The process is awake for short moments only, so the watchdog may take the runtime for idle.
        for _ in 0..<200 { try process.sleep(for: .milliseconds(1)) }
        process.spawn { _ in while isOver.total == 0 {} }
        try process.sleep(for: .milliseconds(1))
        isOver.add()
      }
    }
    #expect(statistics.spareStarts > 0)
  }

  @Test func `S7: a scheduler that the system does not run does not count as stuck, one that is busy or blocked does`()
    throws
  {
    let milli: Int64 = 1_000_000
    let cases: [(what: String, spares: Int, use: @Sendable (Int64) -> ThreadUse?)] = [
      ("busy", 1, { .runnable(busy: 70 * milli + $0) }),
      ("blocked", 1, { _ in .blocked(busy: 70 * milli) }),
      ("not known", 1, { _ in nil }),
      ("not run", 0, { _ in .runnable(busy: 70 * milli) }),
      ("hardly run", 0, { .runnable(busy: 70 * milli + $0 / 10) }),
    ]
    for (what, spares, use) in cases {
      let simulation = try HandDriven()
      simulation.runtime.spawn { _ in
        var rounds = WatchdogRounds()
        for round in 0..<12 {
          simulation.platform.setThreadUse(use(Int64(round) * 2 * milli))
          simulation.runtime.look(&rounds)
          simulation.platform.advance(by: 2 * milli)
        }
      }
      _ = simulation.runtime.step()
      #expect(simulation.runtime.statistics.spareStarts == spares, "\(what)")
    }
  }

  @Test func `S7: a spare scheduler stands in for a process that blocks its thread, though it uses no processor`()
    throws
  {
    let semaphore = DispatchSemaphore(value: 0)
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn { _ in semaphore.wait() }
      runtime.spawn { _ in semaphore.signal() }
    }
    #expect(statistics.spareStarts == 1)
  }

  @Test func `I4: schedulers that always have work share it evenly, wherever it began and however fast they are`()
    throws
  {
    for seed in seeds(50) {
      var random = SplitMix64(seed: seed)
      let share = 40 + random.next() % 21
      let simulation = try HandDriven(.init(schedulers: 2))
      let turns = (0..<12).map { _ in Count() }
      func loop(_ number: Int) -> @Sendable (ProcessContext<Never>) throws -> Void {
        { process in
          while true {
            turns[number].add()
            try process.yield()
          }
        }
      }
      func stepBoth() { for scheduler in 0..<2 { _ = simulation.runtime.step(scheduler) } }
      // Both schedulers have work of their own before one process makes all others.
      for number in 0..<2 { simulation.runtime.spawn(loop(number)) }
      while turns[0].total == 0 || turns[1].total == 0 { stepBoth() }
      let first = simulation.runtime.spawn { process in for number in 2..<12 { process.spawn(loop(number)) } }
      while first.isAlive { stepBoth() }
      var before: [Int] = []
      for step in 0..<15_000 {
        if step == 5_000 { before = turns.map(\.total) }
        _ = simulation.runtime.step(random.next() % 100 < share ? 0 : 1)
        simulation.platform.advance(by: 100_000)
      }
      let shares = zip(turns, before).map { $0.total - $1 }
      #expect(shares.max()! <= 2 * shares.min()!, "seed \(seed), \(share) %: \(shares)")
    }
  }

  @Test(.timeLimit(.minutes(15)))
  func `I4: of twelve loops on two schedulers none has more than twice another's share of a second`() throws {
    let turns = (0..<12).map { _ in Count() }
    let isOver = Count()
    _ = try withRuntime(.init(schedulers: 2, spareSchedulers: 0)) { runtime in
      @Sendable func loop(_ process: ProcessContext<Never>, _ number: Int) throws {
        while isOver.total == 0 {
          turns[number].add()
          try process.yield()
        }
      }
      // Both schedulers are busy before one process makes all others.
      for number in 0..<2 { runtime.spawn { process in try loop(process, number) } }
      runtime.spawn { process in
        while turns[0].total < 1_000 || turns[1].total < 1_000 { try process.yield() }
        for number in 2..<12 { process.spawn { process in try loop(process, number) } }
        try process.sleep(for: .milliseconds(100))
        for turn in turns { turn.add(-turn.total) }
        try process.sleep(for: .seconds(1))
        isOver.add()
      }
    }
    let shares = turns.map(\.total)
    #expect(shares.max()! <= 2 * shares.min()!, "\(shares)")
  }

  @Test(.timeLimit(.minutes(15)))
  func `S3: timeouts pass while a scheduler is stuck and no spare one is left`() throws {
    let (armed, ended, endedInTime) = (Count(), Count(), Count())
    _ = try withRuntime(.init(schedulers: 2, spareSchedulers: 0)) { runtime in
      runtime.spawn { process in
        for _ in 0..<40 {
          process.spawn(Int.self) { process in
            armed.add()
            _ = try process.receive(timeout: .milliseconds(50))
            ended.add()
          }
        }
        while armed.total < 40 { try process.yield() }
        // Most of the timers are in the wheel of the scheduler that this process holds.
        let limit = ContinuousClock.now + .seconds(20)
        while ended.total < 40 && ContinuousClock.now < limit {}
        endedInTime.add(ended.total)
      }
    }
    #expect(endedInTime.total == 40)
  }

  @Test func `S3: blocking parks the process and not its scheduler`() throws {
    let flag = Count()
    let log = Log<String>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      for number in 0..<4 {
        runtime.spawn { process in
          // Blocks its thread until another process of the only scheduler runs.
          let result = process.blocking { () -> Int in
            while flag.total == 0 {}
            return number
          }
          log.add("\(result)")
        }
      }
      runtime.spawn { _ in flag.add() }
    }
    #expect(log.entries.sorted() == ["0", "1", "2", "3"])
  }

  @Test(.timeLimit(.minutes(15)))
  func `L1: a process that is killed in a blocking closure ends and unwinds when the closure is done`() throws {
    let (hasBegun, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let log = Log<String>()
    _ = try withRuntime { runtime in
      let process = runtime.spawn { process in
        defer { log.add("unwound") }
        process.blocking {
          hasBegun.signal()
          mayEnd.wait()
          log.add("closure done")
        }
        try process.yield()
        log.add("went on")
      }
      hasBegun.wait()
      process.exit(.killed)
      #expect(process.joinBlocking(timeout: .milliseconds(20)) == nil && process.isAlive)
      mayEnd.signal()
      // It may have ended before this call.
      switch process.joinBlocking() {
      case .killed, .noProcess: break
      default: Issue.record("it ended for another reason")
      }
    }
    #expect(log.entries == ["closure done", "unwound"])
  }

  @Test func `S3: blocking rethrows the error of its closure`() throws {
    struct Refused: Error {}
    let log = Log<Bool>()
    _ = try withRuntime { runtime in
      runtime.spawn { process in
        do {
          try process.blocking { () throws(Refused) -> Void in throw Refused() }
        } catch {
          log.add(true)
        }
      }
    }
    #expect(log.entries == [true])
  }

  @Test(.threadsAndSeeds)
  func `L2: processes spawned by processes all run, whichever scheduler steals them`() throws {
    let (children, grandchildren) = (size(100, seeds: 5), size(10, seeds: 3))
    let count = Count()
    let statistics = try onRuntime(slots: 16) { runtime in
      runtime.spawn { process in
        for _ in 0..<children {
          process.spawn { child in
            for _ in 0..<grandchildren {
              child.spawn { grandchild in
                try grandchild.reduce(500)
                count.add()
              }
            }
          }
        }
      }
    }
    let all = UInt64(1 + children + children * grandchildren)
    #expect(count.total == children * grandchildren)
    #expect(statistics.processesCreated == all && statistics.processesEnded == all)
  }

  @Test(.threadsAndSeeds)
  func `I4: no wake-up is lost between threads that send and schedulers that sleep`() throws {
    let rounds = size(2_000, seeds: 10)
    let count = Count()
    let late = Count()
    _ = try onRuntime { runtime in
      let receiver = runtime.spawn(Int.self) { process in
        while true { count.add(try process.receive()) }
      }
      for round in 1...rounds {
        receiver.send(1)
        runtime.waitUntilIdle()
        if count.total != round { late.add() }
      }
    }
    #expect(count.total == rounds && late.total == 0)
  }

  @Test func `S3: a sleep of simulated hours takes no real time and is not early`() throws {
    let simulation = try HandDriven()
    let log = Log<Int64>()
    let began = simulation.platform.now()
    for hours in [5, 1, 3] {
      simulation.runtime.spawn { [platform = simulation.platform] process in
        try process.sleep(for: .seconds(hours * 3_600))
        log.add((platform.now() - began) / 3_600_000_000_000)
      }
    }
    simulation.run()
    #expect(log.entries == [1, 3, 5])
  }

  @Test func `S3: a wait that begins on another scheduler moves to that scheduler's wheel if it ends sooner`() throws {
    let simulation = try HandDriven(.init(schedulers: 2))
    let runtime = simulation.runtime
    // Spawns and wake-ups from outside go to the schedulers in turn.
    let process = runtime.spawn(Int.self) { process in
      _ = try process.receive(timeout: .seconds(10))
      try process.sleep(for: .milliseconds(1))
    }
    #expect(runtime.step(0) == .ran)
    process.send(1)
    #expect(runtime.step(1) == .ran)
    guard case .idle(let due?) = runtime.step(1) else {
      Issue.record("the scheduler on which it sleeps does not know when it is to wake")
      return
    }
    #expect(due <= simulation.platform.now() + 2_000_000)
  }

  @Test(.threadsAndSeeds)
  func `S3: a thousand sleepers all wake`() throws {
    let sleepers = size(1_000, seeds: 20)
    let count = Count()
    let early = Count()
    _ = try onRuntime(slots: 10) { runtime in
      for number in 0..<sleepers {
        runtime.spawn { process in
          let length = Duration.microseconds(number * 37 % 20_000)
          let began = runtime.now
          try process.sleep(for: length)
          if runtime.now - began < length { early.add() }
          count.add()
        }
      }
    }
    #expect(count.total == sleepers && early.total == 0)
  }
}
