// SPDX-License-Identifier: Apache-2.0
//
// Messages that are sent after a delay, once or repeatedly.

import Joist
import TestSupport
import Testing

@Suite struct MessageTimerTests {
  @Test func `S3: messages sent after a delay arrive in the order of their times, never early`() throws {
    let simulation = try HandDriven()
    let log = Log<Int64>()
    let start = simulation.platform.now()
    let delays: [Int64] = [5_000_000, 1_000_000, 3_000_000_000, 0, -7, 250_000]
    simulation.runtime.spawn(Int64.self) { process in
      for delay in delays { process.sendAfter(.nanoseconds(delay), to: process.ref, delay) }
      for _ in delays {
        let delay = try process.receive()
        #expect(simulation.platform.now() - start >= delay)
        #expect(simulation.platform.now() - start <= max(0, delay) + 400_000)
        log.add(delay)
      }
    }
    simulation.run()
    #expect(Set(log.entries.prefix(2)) == [0, -7])
    #expect(log.entries.dropFirst(2) == [250_000, 1_000_000, 5_000_000, 3_000_000_000])
  }

  @Test func `S3: a cancelled timer sends nothing, destroys its message and returns the time that was left`() throws {
    let simulation = try HandDriven()
    let tracker = Tracker()
    let rests = Log<Duration?>()
    let receiver = simulation.runtime.spawn(Tracked.self) { process in _ = try process.receive() }
    simulation.runtime.spawn { process in
      let timer = process.sendAfter(.seconds(10), to: receiver, Tracked(tracker))
      try process.sleep(for: .seconds(4))
      rests.add(process.remaining(timer))
      rests.add(process.cancel(timer))
      rests.add(process.cancel(timer))
      rests.add(process.remaining(timer))
    }
    simulation.run()
    #expect(receiver.isAlive && tracker.count == 0)
    let rest = try #require(rests.entries[1])
    #expect(rest <= .seconds(6) && rest > .milliseconds(5_999))
    #expect(rests.entries[0]! >= rest && rests.entries[2] == nil && rests.entries[3] == nil)
  }

  @Test func `S3: cancelling a timer that has fired does nothing, not even to a later timer in the same memory`() throws
  {
    let simulation = try HandDriven()
    let log = Log<Int>()
    simulation.runtime.spawn(Int.self) { process in
      let first = process.sendAfter(.zero, to: process.ref, 1)
      log.add(try process.receive())
      let second = process.sendAfter(.seconds(1), to: process.ref, 2)
      #expect(process.cancel(first) == nil && first != second)
      log.add(try process.receive())
      #expect(process.cancel(second) == nil)
    }
    simulation.run()
    #expect(log.entries == [1, 2])
  }

  @Test func `S3: cancel and remaining never return more than the delay, however old the scheduler's time is`() throws {
    let simulation = try HandDriven()
    let rests = Log<Duration?>()
    simulation.runtime.spawn(Int.self) { process in
      // The scheduler read the clock before this.
      simulation.platform.advance(by: 15_000_000)
      let (first, second) = (
        process.sendAfter(.seconds(1), to: process.ref, 1), process.sendEvery(.seconds(1), to: process.ref) { 2 }
      )
      rests.add(process.remaining(first))
      rests.add(process.cancel(first))
      simulation.platform.advance(by: 900_000_000)
      rests.add(process.remaining(second))
      rests.add(process.cancel(second))
    }
    simulation.run()
    #expect(rests.entries == [.seconds(1), .seconds(1), .milliseconds(100), .milliseconds(100)])
  }

  @Test func `S3: a repeating timer keeps its grid, makes a message each time, and ends when cancelled`() throws {
    let simulation = try HandDriven()
    let times = Log<Int64>()
    let made = Count()
    let start = simulation.platform.now()
    simulation.runtime.spawn(Int.self) { process in
      let timer = process.sendEvery(.milliseconds(10), to: process.ref) {
        made.add()
        return made.total
      }
      for number in 1...5 {
        let got = try process.receive()
        #expect(got == number)
        times.add((simulation.platform.now() - start) / 1_000_000)
        try process.sleep(for: .milliseconds(3))
      }
      // Four of the next five times are missed, and no message is sent for them.
      simulation.platform.advance(by: 45_000_000)
      _ = try process.receive()
      times.add((simulation.platform.now() - start) / 1_000_000)
      #expect(process.cancel(timer) != nil)
      let late = try process.receive(timeout: .seconds(1))
      #expect(late == nil)
    }
    simulation.run()
    #expect(times.entries == [10, 20, 30, 40, 50, 98])
    #expect(made.total == 6)
  }

  @Test func `S3: a repeating timer ends with its receiver, and the runtime is idle then`() throws {
    let simulation = try HandDriven()
    let receiver = simulation.runtime.spawn(Int.self) { process in for _ in 0..<3 { _ = try process.receive() } }
    simulation.runtime.sendEvery(.seconds(1), to: receiver) { 1 }
    simulation.run()
    #expect(!receiver.isAlive && simulation.runtime.isQuiet)
  }

  @Test func `S3: an armed timer and its message end with the receiver, and the runtime is idle then`() throws {
    let simulation = try HandDriven()
    let (runtime, tracker, done) = (simulation.runtime, Tracker(), Count())
    let receivers = (0..<3).map { number in
      runtime.spawn(Tracked.self, options: number == 1 ? .init(mailbox: .bounded(4, whenFull: .block)) : .init()) {
        _ = try $0.receive()
      }
    }
    let timers = receivers.flatMap { receiver in
      [
        runtime.sendAfter(.seconds(3_600), to: receiver, Tracked(tracker)),
        runtime.sendAfter(.seconds(7_200), to: receiver, Tracked(tracker)),
        runtime.sendEvery(.seconds(1_800), to: receiver) { [tracker] in Tracked(tracker) },
      ]
    }
    runtime.spawn { process in
      let gone = process.spawn(Tracked.self) { _ = try $0.receive() }
      process.sendAfter(.seconds(9), to: gone, Tracked(tracker))
      gone.exit(.killed)
      done.add()
    }
    #expect(runtime.cancel(timers[1]) != nil)
    receivers[0].send(Tracked(tracker))  // The receiver returns.
    receivers[1].exit()
    receivers[2].exit(.killed)
    simulation.run(passingTime: false)
    #expect(done.total == 1 && tracker.count == 0 && runtime.isQuiet)
    #expect(timers.allSatisfy { runtime.remaining($0) == nil && runtime.cancel($0) == nil })
    simulation.run()
    #expect(simulation.platform.now() < 3_000_000_000, "time was waited for")
    #expect(runtime.statistics.messagesDropped == 0)
  }

  @Test func `S3: when a message's deinit crashes, the other timers of its receiver are removed all the same`() throws {
    final class Trapping {
      let traps: Bool
      let tracked: Tracked
      init(_ tracker: Tracker, traps: Bool) { (self.traps, tracked) = (traps, Tracked(tracker)) }
      deinit { if traps { fatalError("deinit") } }
    }
    let simulation = try HandDriven()
    let (runtime, tracker) = (simulation.runtime, Tracker())
    let receiver = runtime.spawn(Trapping.self) { _ = try $0.receive() }
    for number in 0..<9 { runtime.sendAfter(.seconds(100), to: receiver, Trapping(tracker, traps: number % 3 == 1)) }
    simulation.run(passingTime: false)
    receiver.exit()
    simulation.run(passingTime: false)
    #expect(!receiver.isAlive && runtime.isQuiet && runtime.statistics.trapsContained == 3)
    #expect(tracker.count == 3)  // The objects of a deinit that crashed leak.
  }

  @Test func `S3: a timer of one runtime is removed when its receiver on another runtime ends`() throws {
    let (tracker, idle) = (Tracker(), Count())
    for _ in 0..<many(50) {
      let (first, second) = (try ProcessRuntime(.init(schedulers: 2)), try ProcessRuntime(.init(schedulers: 2)))
      let receivers = (0..<20).map { _ in second.spawn(Tracked.self) { _ = try $0.receive() } }
      first.spawn { process in
        for receiver in receivers { process.sendAfter(.seconds(1_000), to: receiver, Tracked(tracker)) }
      }
      #expect(!first.waitUntilIdle(timeout: .milliseconds(1)))
      for receiver in receivers { receiver.exit() }
      // Often the first runtime is shut down while its timers are still being cancelled.
      if tracker.count % 2 == 0 { first.shutdown() }
      if first.waitUntilIdle(timeout: .seconds(60)) { idle.add() }
      second.waitUntilIdle()
      first.shutdown()
      second.shutdown()
      #expect(tracker.count == 0)
    }
    #expect(idle.total == many(50))
  }

  @Test(.threadsAndSeeds)
  func `S3: receivers that end while timers for them are armed, fire or are cancelled leave no timer`() throws {
    let (processes, turns) = (size(8, seeds: 3), size(300, seeds: 8))
    let tracker = Tracker()
    let statistics = try onRuntime(slots: 8) { runtime in
      for number in 0..<processes {
        runtime.spawn { process in
          for turn in 0..<turns {
            let receiver = process.spawn(Tracked.self) { _ = try $0.receive(timeout: .microseconds(turn % 700)) }
            let delay = Duration.microseconds((turn * 7 + number) % 900)
            let timer = process.sendAfter(delay, to: receiver, Tracked(tracker))
            process.sendEvery(.microseconds(200), to: receiver) { Tracked(tracker) }
            if turn % 3 == 0 { process.cancel(timer) }
            if turn % 7 == 0 { receiver.exit() }
            try process.reduce(50)
          }
        }
      }
    }
    #expect(tracker.count == 0)
    #expect(
      statistics.messagesSent
        == statistics.messagesReceived + statistics.messagesDestroyed + statistics.messagesDropped
    )
  }

  @Test func `I1: messages not yet made when their closure crashes are destroyed and counted`() throws {
    let simulation = try HandDriven()
    let receiver = simulation.runtime.spawn(Int.self) { process in
      try process.sleep(for: .milliseconds(3_500))
      _ = try process.receive()
    }
    simulation.runtime.sendEvery(.seconds(1), to: receiver) { fatalError("made") }
    simulation.run()
    let statistics = simulation.runtime.statistics
    // The closure crashed in the first of the three.
    #expect(statistics.messagesSent == 3 && statistics.messagesDestroyed == 3 && statistics.trapsContained == 1)
  }

  @Test func `P5: a timer's message whose deinit traps ends only the process that cancels it, and is counted`() throws {
    let simulation = try HandDriven()
    let (runtime, destroyed) = (simulation.runtime, Count())
    let sink = runtime.spawn(Mine.self) { _ = try $0.receive() }
    let ended = runtime.spawn { process in
      process.cancel(process.sendAfter(.seconds(1), to: sink, Mine(destroyed)))
      destroyed.add(1_000)  // This is not reached.
    }
    simulation.run(passingTime: false)
    #expect(destroyed.total == 1 && !ended.isAlive && runtime.isQuiet)
    // A thread that cancels goes on.
    for _ in 0..<3 { #expect(runtime.cancel(runtime.sendAfter(.seconds(1), to: sink, Mine(destroyed))) != nil) }
    func repeated() -> @Sendable () -> Mine {
      let mine = Mine(destroyed)
      return { mine }
    }
    let timer = runtime.sendEvery(.seconds(1), to: sink, making: repeated())
    #expect(runtime.cancel(timer) != nil)
    simulation.run(passingTime: false)
    #expect(destroyed.total == 5 && runtime.isQuiet)
    #expect(runtime.statistics.trapsContained == 5)
  }

  @Test func `P5: messages of timers to dead processes are reported and destroyed, even if their deinit traps`() throws
  {
    let simulation = try HandDriven()
    let (runtime, destroyed, told) = (simulation.runtime, Count(), Count())
    runtime.handleReports { if case .deadLetter = $0.event { told.add() } }
    let sink = runtime.spawn(Mine.self) { process in try process.sleep(for: .milliseconds(500)) }
    for _ in 0..<10 { runtime.sendAfter(.seconds(1), to: sink, Mine(destroyed)) }
    simulation.run()
    #expect(destroyed.total == 10 && runtime.isQuiet)
    #expect(told.total == runtime.statistics.messagesDropped)
  }

  @Test func `P5: a runtime that ends destroys its armed messages, even if their deinit traps`() throws {
    let destroyed = Count()
    let runtime = try ProcessRuntime(.init(schedulers: 2))
    let sink = runtime.spawn(Mine.self) { process in _ = try process.receive() }
    for _ in 0..<10 { runtime.sendAfter(.seconds(1_000), to: sink, Mine(destroyed)) }
    #expect(runtime.shutdown().isEmpty)
    #expect(destroyed.total == 10)
  }

  @Test func `P5: a task that ends a runtime keeps its task-local values, even if a destroyed message traps`() throws {
    try MailboxLimit.$number.withValue(7) {
      let destroyed = Count()
      let runtime = try ProcessRuntime(.init(schedulers: 2))
      let sink = runtime.spawn(Mine.self) { process in _ = try process.receive() }
      for _ in 0..<3 { runtime.sendAfter(.seconds(1_000), to: sink, Mine(destroyed)) }
      #expect(runtime.shutdown().isEmpty)
      #expect(destroyed.total == 3 && MailboxLimit.number == 7)
      withUnsafeCurrentTask { #expect($0 != nil) }
    }
    #expect(MailboxLimit.number == 0)
  }

  @Test func `S3: a timer to a dead process is dropped and counted, and its message is destroyed`() throws {
    let simulation = try HandDriven()
    let tracker = Tracker()
    let receiver = simulation.runtime.spawn(Tracked.self) { _ in }
    simulation.run()
    simulation.runtime.sendAfter(.seconds(1), to: receiver, Tracked(tracker))
    simulation.run(passingTime: false)
    #expect(tracker.count == 0 && simulation.runtime.statistics.messagesDropped == 1)
    #expect("\(simulation.runtime.recentReports[0])".hasSuffix("to \(receiver.id) was dropped: no process"))
  }

  @Test func `S3: a timer never waits for capacity in a mailbox`() throws {
    let simulation = try HandDriven()
    let options = SpawnOptions(mailbox: .bounded(1, whenFull: .block))
    let receiver = simulation.runtime.spawn(Int.self, options: options) { process in
      try process.sleep(for: .seconds(10))
      _ = try process.receive()
    }
    for number in 0..<3 { simulation.runtime.sendAfter(.seconds(1), to: receiver, number) }
    simulation.run()
    #expect(simulation.runtime.statistics.messagesRefused == 2 && simulation.runtime.recentReports.count == 2)
  }

  @Test func `S3: delays out of range last forever or not at all`() throws {
    let simulation = try HandDriven()
    let done = Count()
    simulation.runtime.spawn(Int.self) { process in
      let never = process.sendAfter(.seconds(Int64.max), to: process.ref, 1)
      process.sendAfter(.seconds(Int64.min), to: process.ref, 2)
      let two = try process.receive()
      #expect(two == 2)
      #expect(process.cancel(never)! > .seconds(86_400 * 365 * 100))
      let often = process.sendEvery(.seconds(-1), to: process.ref) { 3 }
      let three = try process.receive()
      #expect(three == 3)
      process.cancel(often)
      done.add()
    }
    simulation.run()
    #expect(done.total == 1)
  }

  @Test(.threadsAndSeeds)
  func `S3: timers that many arm and cancel at once all fire or are cancelled, once`() throws {
    let (processes, turns) = (size(20, seeds: 3), size(500, seeds: 10))
    let tracker = Tracker()
    let came = Count()
    let cancelled = Count()
    let statistics = try onRuntime(slots: 8) { runtime in
      let sink = runtime.spawn(Tracked.self) { process in
        while true {
          _ = try process.receive()
          came.add()
        }
      }
      let canceller = runtime.spawn(TimerID.self) { process in
        while true { if process.cancel(try process.receive()) != nil { cancelled.add() } }
      }
      for number in 0..<processes {
        runtime.spawn { process in
          for turn in 0..<turns {
            let delay = Duration.microseconds((turn * 7 + number) % 900)
            let timer = process.sendAfter(delay, to: sink, Tracked(tracker))
            if turn % 3 == 0 { canceller.send(timer) }
            if turn % 5 == 0, process.cancel(timer) != nil { cancelled.add() }
            try process.reduce(50)
          }
        }
      }
      for turn in 0..<turns {
        let timer = runtime.sendAfter(.microseconds(turn), to: sink, Tracked(tracker))
        if runtime.cancel(timer) != nil { cancelled.add() }
      }
    }
    #expect(came.total + cancelled.total == processes * turns + turns)
    #expect(tracker.count == 0 && statistics.messagesDropped == 0)
  }

  @Test func `S3: messages that are armed when a runtime ends are destroyed`() throws {
    let tracker = Tracker()
    let runtime = try ProcessRuntime(.init(schedulers: 2))
    let sink = runtime.spawn(Tracked.self) { process in _ = try process.receive() }
    for _ in 0..<1_000 { runtime.sendAfter(.seconds(1_000), to: sink, Tracked(tracker)) }
    runtime.shutdown()
    #expect(tracker.count == 0)
  }

  @Test func `S3: a hundred thousand timers armed at once all fire`() throws {
    let came = Count()
    _ = try withRuntime { runtime in
      runtime.spawn(Int.self) { process in
        for number in 0..<many(100_000) { process.sendAfter(.microseconds(number % 50_000), to: process.ref, number) }
        for _ in 0..<many(100_000) {
          _ = try process.receive()
          came.add()
        }
      }
    }
    #expect(came.total == many(100_000))
  }
}

private enum MailboxLimit { @TaskLocal static var number = 0 }
