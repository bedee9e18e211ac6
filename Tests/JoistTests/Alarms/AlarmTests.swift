// SPDX-License-Identifier: Apache-2.0
//
// When an alarm is raised and when it is over, what it has, and where it goes.

import Joist
import TestSupport
import Testing

@Suite struct AlarmTests {
  private static let tenToThree: [Alarm.Kind: AlarmThreshold] = [.longMailbox: .init(raisesAt: 10, endsBelow: 3)]

  @Test func `O1: an alarm is raised once above its threshold, and again only after it fell below the lower one`()
    throws
  {
    let stage = try AlarmStage(Self.tenToThree)
    let full = stage.spawnFull()
    full.change(by: 9)
    #expect(stage.changes == [])
    full.change(by: 1)
    #expect(stage.changes == ["longMailbox raised"])
    for change in [5, -8, 4, -6, -2, 9] { full.change(by: change) }
    #expect(stage.changes == ["longMailbox raised"])
    full.change(by: -10)
    #expect(stage.changes == ["longMailbox raised", "longMailbox over"])
    for change in [7, -5, 5] { full.change(by: change) }
    #expect(stage.changes == ["longMailbox raised", "longMailbox over"])
    full.change(by: 1)
    #expect(stage.changes == ["longMailbox raised", "longMailbox over", "longMailbox raised"])
  }

  @Test func `O1: an alarm has its figure, its threshold, its process and the process's name`() throws {
    let stage = try AlarmStage(Self.tenToThree)
    let full = stage.spawnFull("worker")
    for change in [12, -10] { full.change(by: change) }
    let (raised, over) = (try #require(stage.runtime.alarms.first), try #require(stage.runtime.alarms.last))
    #expect(raised.isRaised && raised.value == 12 && raised.threshold == 10)
    #expect(!over.isRaised && over.value == 2 && over.threshold == 3)
    for alarm in [raised, over] { #expect(alarm.process == full.process.id && alarm.name == "worker") }
    #expect("\(raised)" == "alarm longMailbox of worker \(full.process.id): 12, at least 10")
    #expect("\(over)" == "alarm longMailbox of worker \(full.process.id): 2, below 3")
  }

  @Test func `O1: two processes with one cause have an alarm each`() throws {
    let stage = try AlarmStage(Self.tenToThree)
    let (first, second) = (stage.spawnFull(), stage.spawnFull())
    first.change(by: 10)
    second.change(by: 10)
    first.change(by: -10)
    #expect(stage.runtime.alarms.map(\.process) == [first.process.id, second.process.id, first.process.id])
    #expect(stage.runtime.alarms.map(\.isRaised) == [true, true, false])
  }

  @Test func `O1: an alarm is over when its process ends`() throws {
    let stage = try AlarmStage(Self.tenToThree)
    let full = stage.spawnFull()
    full.change(by: 10)
    full.process.exit()
    stage.run()
    stage.pass()
    #expect(stage.changes == ["longMailbox raised", "longMailbox over"])
    #expect(stage.runtime.alarms.last?.process == full.process.id)
  }

  @Test func `O1: within the shortest interval an alarm is raised once, and the others are counted in the next one`()
    throws
  {
    let stage = try AlarmStage(Self.tenToThree, minimumInterval: .seconds(10))
    let full = stage.spawnFull()
    for _ in 0..<5 { for change in [10, -10] { full.change(by: change) } }
    // Nobody is told of the end of an alarm that was left out.
    #expect(stage.changes == ["longMailbox raised", "longMailbox over"])
    stage.pass(.seconds(10))
    for change in [10, -10] { full.change(by: change) }
    #expect(stage.changes == ["longMailbox raised", "longMailbox over", "longMailbox raised", "longMailbox over"])
    #expect(stage.runtime.alarms.map(\.suppressed) == [0, 0, 4, 0])
  }

  @Test func `O1: a figure that rises again within the shortest interval and stays high raises an alarm after it`()
    throws
  {
    let stage = try AlarmStage(Self.tenToThree, minimumInterval: .seconds(10))
    let full = stage.spawnFull()
    for change in [10, -10, 10] { full.change(by: change) }
    stage.pass(.seconds(9))
    #expect(stage.changes == ["longMailbox raised", "longMailbox over"])
    stage.pass(.seconds(1))
    #expect(stage.changes == ["longMailbox raised", "longMailbox over", "longMailbox raised"])
    #expect(stage.runtime.alarms.map(\.suppressed) == [0, 0, 0])
  }

  @Test func `O1: an alarm about a process has its last events in the recorder, in order, and none of others`() throws {
    let stage = try AlarmStage([.longMailbox: .init(raisesAt: 10, endsBelow: 3)])
    let runtime = stage.runtime
    let process = runtime.spawn(Int.self) { process in
      for number in 0..<200 { process.mark("step", number) }
      try process.sleep(for: .seconds(1_000))
    }
    runtime.spawn { process in for _ in 0..<20 { try process.yield() } }
    stage.run()
    for number in 0..<10 { process.send(number) }
    stage.pass()
    let events = try #require(runtime.alarms.first).events
    let marks = events.compactMap { if case .mark(_, let number) = $0.kind { number } else { nil } }
    #expect((32...64).contains(events.count) && marks.count >= 32 && marks == Array(200 - marks.count..<200))
    #expect(events.allSatisfy { $0.process == process.id || $0.other == process.id })
    #expect(events.last?.kind == .left(.waits(.sleep)))
    for (event, next) in zip(events, events.dropFirst()) { #expect(event.ticks <= next.ticks) }
  }

  @Test func `O1: an alarm about the runtime has the last events of all processes`() throws {
    let stage = try AlarmStage([.trapRate: .init(raisesAt: 2, endsBelow: 1)])
    stage.pass()
    let crashing = (0..<2).map { _ in stage.runtime.spawn { _ in crashNow("for an alarm") } }
    stage.run()
    stage.pass()
    let alarm = try #require(stage.runtime.alarms.first)
    let crashed = alarm.events.filter { if case .crashed = $0.kind { true } else { false } }.map(\.process)
    #expect(alarm.process == nil && alarm.name == nil && crashed == crashing.map(\.id))
  }

  @Test func `O1: an alarm goes to the handler of reports, and by it to a process`() throws {
    let stage = try AlarmStage(Self.tenToThree)
    let (handled, received) = (Log<String>(), Log<String>())
    let listener = stage.runtime.spawn(Alarm.self) { process in
      while true { received.add(try process.receive().change) }
    }
    stage.runtime.handleReports { report in
      guard let alarm = report.alarm else { return }
      handled.add(alarm.change)
      listener.send(alarm)
    }
    let full = stage.spawnFull()
    for change in [10, -10] { full.change(by: change) }
    stage.run()
    #expect(handled.entries == ["longMailbox raised", "longMailbox over"])
    #expect(received.entries == handled.entries)
  }

  @Test func `O1: a runtime that is given no thresholds has one of each kind, and one without thresholds no alarms`()
    throws
  {
    let usual = ProcessRuntime.Configuration().alarms
    #expect(Set(usual.thresholds.map(\.key)) == Set(Alarm.Kind.allCases) && usual.minimumInterval == .seconds(10))
    let stage = try AlarmStage([:])
    stage.spawnFull().change(by: 20_000)
    stage.pass(.seconds(1))
    #expect(stage.changes == [])
  }

  @Test func `O1: a look before the watchdog rests sees what has changed since the last one`() throws {
    let stage = try AlarmStage(Self.tenToThree)
    let full = stage.spawnFull()
    full.change(by: 10)
    full.allowed.add(10)
    stage.run()
    stage.runtime.lookAtAlarms()
    #expect(stage.changes == ["longMailbox raised"])
    stage.runtime.lookAtAlarms(isLast: true)
    #expect(stage.changes == ["longMailbox raised", "longMailbox over"])
  }

  @Test func `O1: one long mailbox among ten thousand processes is found by the third look`() throws {
    let stage = try AlarmStage(Self.tenToThree)
    let count = 10_000
    let processes = (0..<count).map { _ in
      stage.runtime.spawn(Int.self) { process in try process.sleep(for: .seconds(1_000)) }
    }
    stage.run()
    let full = processes[count * 9 / 10]
    for number in 0..<10 { full.send(number) }
    stage.pass(.milliseconds(300))
    #expect(stage.runtime.alarms.map(\.process) == [full.id])
    // Its end is seen at the next look.
    full.exit()
    stage.run()
    stage.pass()
    #expect(stage.changes == ["longMailbox raised", "longMailbox over"])
  }
}
