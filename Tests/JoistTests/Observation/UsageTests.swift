// SPDX-License-Identifier: Apache-2.0
//
// What is counted of a process: slices, waits by reason, messages, its mailbox, and its parent.

import Dispatch
import Joist
import TestSupport
import Testing

extension ProcessRef where Message: ~Copyable {
  /// The statistics of the process now; records a failure if it has ended.
  func statisticsNow(_ location: SourceLocation = #_sourceLocation) throws -> ProcessStatistics {
    try #require(snapshot, sourceLocation: location).statistics
  }
}

@Suite struct UsageTests {
  @Test func `T2: a process has as many slices as it was run, and as many waits as it has begun`() throws {
    let simulation = try HandDriven()
    let process = simulation.runtime.spawn(Int.self) { process in
      for _ in 0..<4 { try process.yield() }
      while true { _ = try process.receive() }
    }
    #expect(try process.statisticsNow().slices == 0 && process.statisticsNow().waits == 0)
    simulation.run()
    #expect(try process.statisticsNow().slices == 5 && process.statisticsNow().waits == 1)
    for _ in 0..<3 {
      process.send(1)
      simulation.run()
    }
    #expect(try process.statisticsNow().slices == 8 && process.statisticsNow().waits == 4)
    // Two messages that lie there end one wait.
    process.send(1)
    process.send(1)
    simulation.run()
    #expect(try process.statisticsNow().slices == 9 && process.statisticsNow().waits == 5)
  }

  @Test func `T3: waits are counted by reason, each under its own`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let lock = ProcessLock(0)
    let server = runtime.spawn(ReplyTo<Int>.self) { process in while true { try process.receive().send(1) } }
    let full = runtime.spawn(Int.self, options: .init(mailbox: .bounded(1, whenFull: .block))) { process in
      try process.sleep(for: .milliseconds(50))
      while true { _ = try process.receive() }
    }
    let holder = runtime.spawn { process in try lock.withLock { _ in try process.sleep(for: .seconds(1)) } }
    let process = runtime.spawn(Int.self) { process in
      for _ in 0..<2 { try process.sleep(for: .milliseconds(1)) }
      for _ in 0..<3 { _ = try process.call(server) { $0 } }
      for number in 0..<2 { full.send(number) }
      lock.withLock { _ in }
      let short = process.spawn { process in try process.sleep(for: .milliseconds(1)) }
      _ = try process.join(short)
      _ = try process.join(holder)
      for _ in 0..<4 { _ = try process.receive() }
    }
    simulation.run()
    for number in 0..<3 {
      process.send(number)
      simulation.run()
    }
    let snapshot = try #require(process.snapshot)
    // The holder has ended when it is joined, which is no wait.
    #expect(snapshot.waitsByReason == [.sleep: 2, .call: 3, .send: 1, .turn: 1, .join: 1, .receive: 4])
    #expect(snapshot.statistics.waits == snapshot.waitsByReason.values.reduce(0, +))
    #expect(snapshot.waitReason == .receive)
  }

  @Test(.timeLimit(.minutes(15)))
  func `T3: a blocking closure is one wait of its process`() throws {
    let (hasBegun, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    _ = try withRuntime { runtime in
      let process = runtime.spawn(Int.self) { process in
        process.blocking {
          hasBegun.signal()
          mayEnd.wait()
        }
        _ = try process.receive()
      }
      hasBegun.wait()
      wait(until: "it waits", on: runtime) { process.snapshot?.waitReason == .blocking }
      #expect(process.snapshot?.waitsByReason == [.blocking: 1])
      mayEnd.signal()
      wait(until: "it receives", on: runtime) { process.snapshot?.waitReason == .receive }
      #expect(process.snapshot?.waitsByReason == [.blocking: 1, .receive: 1])
      process.send(1)
    }
  }

  @Test func `T3: the next process of a record begins without the waits and messages of the last one`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 1))
    let runtime = simulation.runtime
    let lock = ProcessLock(0)
    var slots: Set<Int> = []
    for _ in 0..<3 {
      let process = runtime.spawn(Int.self) { process in
        try process.sleep(for: .milliseconds(1))
        lock.withLock { _ in }
        process.ref.send(1)
        for _ in 0..<2 { _ = try process.receive() }
      }
      simulation.run()
      let snapshot = try #require(process.snapshot)
      #expect(snapshot.waitsByReason == [.sleep: 1, .receive: 1])
      #expect(snapshot.statistics.messagesSent == 1 && snapshot.statistics.messagesReceived == 1)
      #expect(snapshot.statistics.slices == 2 && snapshot.statistics.longestMailbox <= 1)
      slots.insert(process.id.slot)
      process.send(1)
      simulation.run()
    }
    #expect(slots.count == 1)
  }

  @Test func `T4: messages are counted at their sender and, when they are received, at their receiver`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let receiver = runtime.spawn(Int.self) { process in
      while try process.receive() != 7 {}
      _ = try process.receive { $0 == 9 }
    }
    let sender = runtime.spawn(Int.self) { process in
      for number in 1...8 { receiver.send(number) }
      _ = try process.receive()
    }
    // Those of threads have no sender.
    for _ in 0..<2 { receiver.send(0) }
    simulation.run()
    let (sent, received) = (try sender.statisticsNow(), try receiver.statisticsNow())
    #expect(sent.messagesSent == 8 && sent.messagesReceived == 0)
    #expect(received.messagesReceived == 9 && received.messagesSent == 0 && received.mailboxLength == 1)
    #expect(runtime.statistics.messagesSent == 10 && runtime.statistics.messagesReceived == 9)
  }

  @Test func `T4: the longest mailbox is remembered, and the present one is counted`() throws {
    let simulation = try HandDriven()
    let process = simulation.runtime.spawn(Int.self) { process in while true { _ = try process.receive() } }
    simulation.run()
    for count in [5, 300, 20] {
      for number in 0..<count { process.send(number) }
      #expect(try process.statisticsNow().mailboxLength == count)
      simulation.run()
      #expect(try process.statisticsNow().mailboxLength == 0)
    }
    // The first of them was handed over, and was never in the mailbox.
    #expect((299...300).contains(try process.statisticsNow().longestMailbox))
  }

  @Test func `T5: the parent is the process that spawned it, even if that has ended, and no process for a thread's`()
    throws
  {
    let simulation = try HandDriven()
    let children = Log<ProcessRef<Int>>()
    let parent = simulation.runtime.spawn { process in
      for _ in 0..<3 { children.add(process.spawn(Int.self) { _ = try $0.receive() }) }
    }
    simulation.run()
    #expect(!parent.isAlive && children.entries.count == 3)
    for child in children.entries { #expect(try child.statisticsNow().parent == parent.id) }
    let orphan = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
    #expect(try orphan.statisticsNow().parent == nil)
  }

  @Test func `T5: the time in run queues grows while others run, and not while a process waits or runs`() throws {
    let simulation = try HandDriven()
    let (runtime, platform) = (simulation.runtime, simulation.platform)
    let process = runtime.spawn(Int.self) { process in
      while true {
        _ = try process.receive()
        platform.advance(by: 500_000)
        try process.reduce(2_000)
      }
    }
    simulation.run()
    let other = runtime.spawn(Int.self) { other in
      while true {
        _ = try other.receive()
        process.send(1)
        platform.advance(by: 3_000_000)
        try other.reduce(2_000)
      }
    }
    simulation.run()
    #expect(try process.statisticsNow().queuedTime == .zero)
    other.send(1)
    simulation.run()
    let queued = try process.statisticsNow().queuedTime
    // While the other ran; its own half is not in it.
    #expect(queued > .microseconds(2_990) && queued < .microseconds(3_010))
    platform.advance(by: 1_000_000_000)
    simulation.run()
    #expect(try process.statisticsNow().queuedTime == queued)
  }

  @Test func `T5: a process that has a scheduler for itself is never queued for long, however long it runs`() throws {
    for reductions in [10, 2_000] {
      let simulation = try HandDriven()
      let platform = simulation.platform
      let process = simulation.runtime.spawn(Int.self) { process in
        for _ in 0..<100 {
          platform.advance(by: 1_000_000)
          try process.reduce(reductions)
          try process.yield()
        }
        _ = try process.receive()
      }
      simulation.run()
      #expect(try process.statisticsNow().queuedTime < .microseconds(100), "\(reductions) reductions a slice")
      process.send(1)
      simulation.run()
    }
  }

  @Test func `T5: a process that a thread makes ready between two readings of the clock was queued for no time`() throws
  {
    let simulation = try HandDriven()
    let (runtime, platform) = (simulation.runtime, simulation.platform)
    let busy = runtime.spawn { process in while true { try process.yield() } }
    for _ in 0..<100 { _ = runtime.step() }
    for _ in 0..<20 {
      _ = runtime.step()
      platform.advance(by: 5_000)
      let process = runtime.spawn(Int.self) { process in _ = try process.receive() }
      while process.snapshot?.state != .waiting { _ = runtime.step() }
      #expect(try process.statisticsNow().queuedTime < .microseconds(100))
      process.send(1)
      while process.isAlive { _ = runtime.step() }
    }
    for histogram in runtime.histograms.runDelay.values { #expect((histogram.quantile(1) ?? 0) < 100_000) }
    busy.exit()
    simulation.run()
  }

  @Test(.timeLimit(.minutes(15)))
  func
    `T2, T4: figures that threads read while processes run never go back, and no process queues longer than it lives`()
    throws
  {
    let isOver = Count()
    let (looks, wrong) = (Count(), Log<String>())
    let began = ContinuousClock.now
    let statistics = try withRuntime(.init(schedulers: 3)) { runtime in
      let sink = runtime.spawn(Int.self) { process in while isOver.total == 0 { _ = try process.receive() } }
      let workers = (0..<6).map { number in
        runtime.spawn(Int.self) { process in
          while isOver.total == 0 {
            sink.send(number)
            process.spawn { child in try child.yield() }
            if number % 2 == 0 { try process.sleep(for: .microseconds(100)) } else { try process.yield() }
          }
        }
      }
      let group = DispatchGroup()
      for _ in 0..<2 {
        DispatchQueue.global().async(group: group) {
          var last: [ProcessID: ProcessStatistics] = [:]
          var lastSum = runtime.statistics
          for _ in 0..<many(200) {
            for now in runtime.processStatistics {
              if now.queuedTime > ContinuousClock.now - began { wrong.add("\(now)") }
              guard let before = last[now.id] else { continue }
              if now.slices < before.slices || now.waits < before.waits || now.cpuTime < before.cpuTime
                || now.messagesSent < before.messagesSent || now.messagesReceived < before.messagesReceived
                || now.queuedTime < before.queuedTime || now.longestMailbox < before.longestMailbox
              {
                wrong.add("\(before) \(now)")
              }
            }
            for worker in workers { last[worker.id] = worker.snapshot?.statistics }
            let sum = runtime.statistics
            if sum.slices < lastSum.slices || sum.messagesSent < lastSum.messagesSent { wrong.add("\(sum)") }
            for (before, now) in zip(lastSum.schedulers, sum.schedulers) {
              for activity in SchedulerActivity.allCases {
                // A reading of the clock may be some nanoseconds before one that another thread has made.
                if now.time[activity]! > before.time[activity]! - .microseconds(20) { continue }
                wrong.add("\(activity): \(before.time) \(now.time)")
              }
            }
            lastSum = sum
            _ = runtime.histograms
            looks.add()
          }
        }
      }
      group.wait()
      isOver.add()
      sink.send(0)
    }
    #expect(wrong.entries.isEmpty, "\(wrong.entries.prefix(3))")
    #expect(looks.total == 2 * many(200) && statistics.processesEnded == statistics.processesCreated)
  }
}
