// SPDX-License-Identifier: Apache-2.0
//
// What the recorder has of programs whose every step is known.

import Joist
import TestSupport
import Testing

private struct Failure: Error {}

@Suite struct RecordedEventTests {
  @Test func `I3: the events of a program are what happened, in order, each with its process and its cause`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let children = Log<ProcessRef<Int>>()
    let parent = runtime.spawn(Int.self) { process in
      let parent = process.ref
      let child = process.spawn(Int.self) { child in
        parent.send(1)
        try child.sleep(for: .milliseconds(1))
        throw Failure()
      }
      children.add(child)
      try process.yield()
      for _ in 0..<2 { _ = try process.receive() }
      try process.reduce(2_000)
    }
    simulation.run()
    parent.send(2)
    simulation.run()
    let (a, b) = (parent.id, children.entries[0].id)
    let expected = [
      Happening(.began, a), Happening(.spawned, b, by: a), Happening(.left(.yielded), a),
      Happening(.began, b), Happening(.left(.waits(.sleep)), b),
      Happening(.began, a), Happening(.left(.waits(.receive)), a),
      Happening(.ready, b), Happening(.began, b), Happening(.ended("error"), b), Happening(.left(.exited), b),
      Happening(.began, a), Happening(.left(.preempted), a), Happening(.began, a), Happening(.left(.exited), a),
    ]
    #expect(try runtime.happenings() == expected)
  }

  @Test func `I3: a message that ends a wait makes its receiver ready, by its sender`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let receiver = runtime.spawn(Int.self) { process in for _ in 0..<3 { _ = try process.receive() } }
    simulation.run()
    let sender = runtime.spawn { _ in for number in 0..<3 { receiver.send(number) } }
    simulation.run()
    let expected = [
      Happening(.began, receiver.id), Happening(.left(.waits(.receive)), receiver.id),
      Happening(.began, sender.id), Happening(.ready, receiver.id, by: sender.id), Happening(.left(.exited), sender.id),
      Happening(.began, receiver.id), Happening(.left(.exited), receiver.id),
    ]
    #expect(try runtime.happenings() == expected)
  }

  @Test func `I3: each reason to wait is recorded as that reason`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let lock = ProcessLock(0)
    let server = runtime.spawn(ReplyTo<Int>.self) { process in try process.receive().send(1) }
    let full = runtime.spawn(Int.self, options: .init(mailbox: .bounded(1, whenFull: .block))) { process in
      try process.sleep(for: .milliseconds(2))
      for _ in 0..<2 { _ = try process.receive() }
    }
    let holder = runtime.spawn { process in try lock.withLock { _ in try process.sleep(for: .milliseconds(4)) } }
    let process = runtime.spawn(Int.self) { process in
      try process.sleep(for: .milliseconds(1))
      _ = try process.call(server) { $0 }
      for number in 0..<2 { full.send(number) }
      lock.withLock { _ in }
      let last = process.spawn { process in try process.sleep(for: .milliseconds(1)) }
      _ = try process.join(last)
      _ = try process.receive(timeout: .milliseconds(1))
      try process.hibernate()
    }
    simulation.run()
    process.send(1)
    simulation.run()
    let left = try runtime.happenings().filter { $0.process == process.id }
      .compactMap { if case .left(let why) = $0.kind { why } else { nil } }
    let reasons: [WaitReason] = [.sleep, .call, .send, .turn, .join, .receive]
    #expect(left == reasons.map { .waits($0) } + [.hibernated, .exited])
    #expect(!holder.isAlive)
  }

  @Test func `I3: each end that is not normal is recorded with its reason, and a crash with its signal`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let ends: [(String, ExitReason)] = [("shutdown", .shutdown), ("killed", .killed), ("noProcess", .noProcess)]
    for (word, reason) in ends {
      let process = runtime.spawn { process in try process.exit(reason) }
      simulation.run()
      let last = try runtime.happenings().suffix(3)
      let expected = [
        Happening(.began, process.id), Happening(.ended(word), process.id), Happening(.left(.exited), process.id),
      ]
      #expect(Array(last) == expected)
    }
    let crashed = runtime.spawn { _ in try WayOfDying.cTrap.die() }
    simulation.run()
    let signal = try #require(
      runtime.recentReports.last.flatMap { report -> Int32? in
        if case .abnormalExit(_, _, .trap(let trap)) = report.event { trap.signal } else { nil }
      }
    )
    let expected = [
      Happening(.began, crashed.id), Happening(.crashed(signal: Int(signal)), crashed.id),
      Happening(.ended("trap"), crashed.id), Happening(.left(.exited), crashed.id),
    ]
    #expect(try Array(runtime.happenings().suffix(4)) == expected)
  }

  @Test func `I3: a suspended process that a scheduler takes is recorded as held`() throws {
    let simulation = try HandDriven()
    let process = simulation.runtime.spawn { _ in }
    process.suspend()
    simulation.run()
    #expect(try simulation.runtime.happenings() == [Happening(.held, process.id)])
    process.resume()
    simulation.run()
    let rest = try simulation.runtime.happenings().dropFirst()
    #expect(Array(rest) == [Happening(.began, process.id), Happening(.left(.exited), process.id)])
  }

  @Test func `I3: a steal is recorded by the thief, with the number of processes and the victim`() throws {
    let simulation = try HandDriven(.init(schedulers: 2))
    let runtime = simulation.runtime
    let maker = runtime.spawn { process in for _ in 0..<8 { process.spawn { try $0.reduce(1) } } }
    _ = runtime.step(0)
    let victim = maker.isAlive ? 1 : 0
    if maker.isAlive { _ = runtime.step(1) }
    _ = runtime.step(1 - victim)
    #expect(try runtime.happenings(1 - victim).first == Happening(.stole(count: 4, from: victim)))
    simulation.run()
  }

  @Test func `I3: a scheduler that sleeps and wakes is recorded as such`() throws {
    let simulation = try HandDriven()
    simulation.runtime.spawn { process in try process.sleep(for: .milliseconds(1)) }
    _ = simulation.runtime.step()
    _ = simulation.runtime.step()
    simulation.runtime.rest(0)
    #expect(try simulation.runtime.happenings().suffix(2) == [Happening(.slept), Happening(.woke)])
    simulation.run()
  }

  @Test func `I3: the collection of a private heap is recorded, by the process that collects`() throws {
    let simulation = try HandDriven()
    let process = simulation.runtime.spawn(Int.self) { process in
      var array = try process.heap.allocateArray(repeating: UInt8(1), count: 100)
      process.heap.collect(keeping: &array)
    }
    simulation.run()
    let collected = try simulation.runtime.happenings().filter { if case .collected = $0.kind { true } else { false } }
    #expect(!collected.isEmpty && collected.allSatisfy { $0.process == process.id })
  }

  @Test func `O1: times ascend, and each event lies between the readings of the clock around it`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, recorderEntries: 8_192))
    let (runtime, platform) = (simulation.runtime, simulation.platform)
    let moments = Log<(ProcessID, Int, UInt64)>()
    for number in 1...5 {
      runtime.spawn { process in
        for turn in 0..<100 {
          platform.advance(by: Int64(number) * 1_000)
          process.mark("turn", turn)
          moments.add((process.id, turn, platform.ticks.count))
          if turn % number == 0 { try process.sleep(for: .microseconds(number)) } else { try process.yield() }
        }
      }
    }
    let began = platform.ticks.count
    simulation.run()
    let recording = try runtime.recorded()
    let events = recording.events()
    for (event, next) in zip(events, events.dropFirst()) { #expect(event.ticks <= next.ticks) }
    #expect(events.allSatisfy { (began...platform.ticks.count).contains($0.ticks) })
    // The longest time between two readings of the clock is the longest error.
    let times = recording.rings[0].filter { $0.kind == .time }.map(\.payload)
    let most = zip(times, times.dropFirst()).map { $1 - $0 }.max()!
    var marks = 0
    for event in events {
      guard case .mark(_, let turn) = event.kind else { continue }
      let moment = try #require(moments.entries.first { $0.0 == event.process && $0.1 == turn }).2
      #expect(max(moment, event.ticks) - min(moment, event.ticks) <= most)
      marks += 1
    }
    #expect(marks == 500 && times == times.sorted() && most < 200_000)
  }

  @Test func `O1: when the ring is full, the newest events are kept and the oldest are dropped`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, recorderEntries: 256))
    let process = simulation.runtime.spawn { process in
      for turn in 0..<1_000 {
        process.mark("turn", turn)
        try process.yield()
      }
    }
    simulation.run()
    let happenings = try simulation.runtime.happenings()
    let turns = happenings.compactMap { if case .mark(_, let turn) = $0.kind { turn } else { nil } }
    #expect(turns.count >= 30 && turns.count <= 64 && turns == Array(1_000 - turns.count..<1_000))
    #expect(happenings.last == Happening(.left(.exited), process.id))
  }

  @Test func `O1: a recorder that is off records nothing`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, recorderEntries: 0))
    let runtime = simulation.runtime
    runtime.recorder.level = .messages
    let process = runtime.spawn(Int.self) { process in
      for number in 0..<1_000 {
        process.mark("number", number)
        process.ref.send(number)
        _ = try process.receive()
        try process.yield()
      }
      crashNow("with a recorder that is off")
    }
    simulation.run()
    #expect(!process.isAlive && !runtime.recorder.isOn)
    #expect(try runtime.recorded().rings.allSatisfy(\.isEmpty))
    guard case .abnormalExit(_, _, .trap(let trap))? = runtime.recentReports.last?.event else {
      return #expect(Bool(false), "it did not crash")
    }
    #expect(trap.events.isEmpty)
  }

  @Test func `I3: with messages on, each receive has the number of its send, and none is recorded without`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    #expect(runtime.recorder.isOn && runtime.recorder.level == .lifecycle)
    func exchange() -> (ProcessID, ProcessID) {
      let receiver = runtime.spawn(Int.self) { process in for _ in 0..<6 { _ = try process.receive() } }
      let sender = runtime.spawn { process in
        for number in 0..<5 {
          receiver.send(number)
          if number % 2 == 0 { try process.yield() }
        }
      }
      receiver.send(5)
      simulation.run()
      return (sender.id, receiver.id)
    }
    func messages() throws -> (sent: [Happening], received: [Happening]) {
      let all = try runtime.happenings()
      return (
        all.filter { if case .sent = $0.kind { true } else { false } },
        all.filter { if case .received = $0.kind { true } else { false } }
      )
    }
    _ = exchange()
    #expect(try messages().sent.isEmpty && messages().received.isEmpty)
    runtime.recorder.level = .messages
    let (sender, receiver) = exchange()
    let (sent, received) = try messages()
    #expect(sent.count == 5 && sent.allSatisfy { $0.process == sender && $0.other == receiver })
    #expect(received.count == 6 && received.allSatisfy { $0.process == receiver })
    // The one from a thread has no sender.
    #expect(received.filter { $0.other == nil }.count == 1)
    let numbers = received.filter { $0.other == sender }.map { happening -> UInt64 in
      if case .received(let number) = happening.kind { number } else { 0 }
    }
    let sentNumbers = sent.map { happening -> UInt64 in if case .sent(let number) = happening.kind { number } else { 0 }
    }
    #expect(numbers == sentNumbers && !numbers.contains(0))
    runtime.recorder.level = .lifecycle
    _ = exchange()
    #expect(try messages().sent.count == 5)
  }

  @Test func `I3: marks and intervals carry their names and values, also negative and large ones`() throws {
    let simulation = try HandDriven()
    let values = [0, 1, -1, 1 << 57, -(1 << 57), (1 << 58) - 1, -(1 << 58), 123_456_789]
    let process = simulation.runtime.spawn { process in
      process.beginInterval("all values")
      for value in values { process.mark("a value", value) }
      process.mark("no value")
      process.endInterval("all values")
    }
    simulation.run()
    let recording = try simulation.runtime.recorded()
    let names = Dictionary(
      uniqueKeysWithValues: recording.names.map { line in
        let parts = line.split(separator: " ", maxSplits: 2)
        return (UInt64(parts[1])!, "\(parts[0]) \(parts[2])")
      }
    )
    var (seen, words): ([Int], [String]) = ([], [])
    for event in recording.events() where event.process == process.id {
      switch event.kind {
      case .mark(let name, let value):
        if names[name] == "mark a value" { seen.append(value) } else { words.append("\(names[name] ?? "?") \(value)") }
      case .intervalBegan(let name): words.append("began \(names[name] ?? "?")")
      case .intervalEnded(let name): words.append("ended \(names[name] ?? "?")")
      default: break
      }
    }
    #expect(seen == values)
    #expect(words == ["began mark all values", "mark no value 0", "ended mark all values"])
  }

  @Test func `V1: the same program on the same platform gives the same events at the same times`() throws {
    func run() throws -> [[RecorderEvent]] {
      let simulation = try HandDriven(.init(schedulers: 3))
      let platform = simulation.platform
      for number in 0..<20 {
        simulation.runtime.spawn(Int.self) { process in
          for turn in 0..<10 {
            platform.advance(by: Int64(number * turn))
            let child = process.spawn(Int.self) { child in _ = try child.receive(timeout: .microseconds(turn)) }
            if turn % 3 == 0 { child.send(turn) }
            try process.sleep(for: .microseconds(number + 1))
          }
        }
      }
      simulation.run()
      let recording = try simulation.runtime.recorded()
      return (0..<3).map { recording.events($0) }
    }
    let first = try run()
    #expect(try run() == first && first.allSatisfy { $0.count > 100 })
  }
}
