// SPDX-License-Identifier: Apache-2.0
//
// The causes of alarms: each kind is raised by its own, and is over when that is over.

import CFaultProbe
import Dispatch
import Glibc
import Joist
import TestSupport
import Testing

@Suite struct AlarmKindTests {
  @Test func `O1: an alarm about a long slice is raised while the process runs, and is over when it waits`() throws {
    let stage = try AlarmStage([.longSlice: .init(raisesAt: 50, endsBelow: 50)])
    let process = stage.runtime.spawn { process in
      stage.spend(.milliseconds(250))
      try process.sleep(for: .seconds(1_000))
    }
    stage.run()
    #expect(stage.changes == ["longSlice raised"])
    let alarm = try #require(stage.runtime.alarms.first)
    #expect(alarm.process == process.id && (50...110).contains(alarm.value))
    stage.pass()
    #expect(stage.changes == ["longSlice raised", "longSlice over"])
  }

  @Test func `O1: a process that runs for long in short slices raises no alarm`() throws {
    let stage = try AlarmStage([
      .longSlice: .init(raisesAt: 50, endsBelow: 50), .stuckScheduler: .init(raisesAt: 50, endsBelow: 50),
    ])
    stage.runtime.spawn { process in
      for _ in 0..<100 {
        stage.spend(.milliseconds(10))
        try process.yield()
      }
    }
    stage.run()
    #expect(stage.changes == [])
  }

  @Test func `O1: an alarm about a long slice stays while the watchdog is late, as on a busy machine`() throws {
    let stage = try AlarmStage([.longSlice: .init(raisesAt: 500, endsBelow: 500)])
    stage.runtime.spawn { _ in
      for _ in 0..<20 {
        stage.simulation.platform.advance(by: 50_000_000)
        stage.runtime.lookAtAlarms()
      }
      #expect(stage.changes == ["longSlice raised"])
    }
    stage.run()
  }

  @Test func `O1: an alarm about a stuck scheduler is over when the process runs on in short slices`() throws {
    let stage = try AlarmStage([.stuckScheduler: .init(raisesAt: 1_000, endsBelow: 1_000)])
    let process = stage.runtime.spawn { process in
      stage.spend(.milliseconds(900))
      #expect(stage.changes == [])
      stage.spend(.milliseconds(300))
      #expect(stage.changes == ["stuckScheduler raised"])
      for _ in 0..<40 {
        try process.yield()
        stage.spend(.milliseconds(4))
      }
      #expect(stage.changes == ["stuckScheduler raised", "stuckScheduler over"])
    }
    stage.run()
    #expect(stage.runtime.alarms.map(\.process) == [process.id, process.id])
  }

  @Test func `O1: a scheduler whose thread the system does not run raises no alarm about a stuck one`() throws {
    let stage = try AlarmStage([.stuckScheduler: .init(raisesAt: 50, endsBelow: 50)])
    stage.simulation.platform.setThreadUse(.runnable(busy: 0))
    stage.runtime.spawn { _ in stage.spend(.milliseconds(500)) }
    stage.run()
    #expect(stage.changes == [])
  }

  @Test func `O1: an alarm about growing memory is raised at that growth in ten seconds, and over after them`() throws {
    let stage = try AlarmStage([.growingMemory: .init(raisesAt: 300, endsBelow: 50)])
    let memory = stage.simulation.platform.residentCount
    memory.add(100 << 20)
    stage.pass(.seconds(20))
    // Three times as much in half a minute.
    for _ in 0..<30 {
      memory.add(10 << 20)
      stage.pass(.seconds(1))
    }
    #expect(stage.changes == [])
    memory.add(1_300 << 20)
    stage.pass()
    #expect(stage.changes == ["growingMemory raised"])
    #expect((300...500).contains(try #require(stage.runtime.alarms.first).value))
    stage.pass(.seconds(11))
    #expect(stage.changes == ["growingMemory raised", "growingMemory over"])
  }

  @Test func `O1: the growth of a program with little memory raises no alarm`() throws {
    let stage = try AlarmStage([.growingMemory: .init(raisesAt: 300, endsBelow: 50)])
    for _ in 0..<15 {
      stage.simulation.platform.residentCount.add(4 << 20)
      stage.pass(.seconds(1))
    }
    #expect(stage.changes == [])
  }

  @Test func `O1: an alarm about a storm of restarts is raised at their number in five seconds`() throws {
    let stage = try AlarmStage([.restartStorm: .init(raisesAt: 30, endsBelow: 3)])
    func restart(_ count: Int) {
      stage.runtime.spawn { process in for _ in 0..<count { process.noteRestart() } }
      stage.run()
      stage.pass(.seconds(1))
    }
    for _ in 0..<20 { restart(5) }
    #expect(stage.changes == [])
    for _ in 0..<4 { restart(9) }
    #expect(stage.changes == ["restartStorm raised"])
    stage.pass(.seconds(6))
    #expect(stage.changes == ["restartStorm raised", "restartStorm over"])
    #expect(stage.runtime.alarms.map(\.process) == [nil, nil])
  }

  @Test func `O1: an alarm about crashes is raised at their number in a minute, and is over after it`() throws {
    let stage = try AlarmStage([.trapRate: .init(raisesAt: 10, endsBelow: 1)])
    func crash(_ count: Int) {
      for _ in 0..<count { stage.runtime.spawn { _ in crashNow("for an alarm") } }
      stage.run()
      stage.pass()
    }
    stage.pass()
    crash(9)
    stage.pass(.seconds(70))
    crash(9)
    #expect(stage.changes == [])
    crash(1)
    #expect(stage.changes == ["trapRate raised"])
    #expect(stage.runtime.alarms.first?.value == 10)
    stage.pass(.seconds(70))
    #expect(stage.changes == ["trapRate raised", "trapRate over"])
  }

  @Test func `O1: crashes of the hours before count for no alarm, though the watchdog rested between them`() throws {
    let stage = try AlarmStage([.trapRate: .init(raisesAt: 10, endsBelow: 1)])
    for _ in 0..<30 {
      stage.simulation.platform.advance(by: 600_000_000_000)
      stage.pass()
      stage.runtime.spawn { _ in crashNow("for an alarm") }
      stage.run()
      stage.pass()
    }
    #expect(stage.changes == [])
  }

  @Test func `O1: an alarm about a long closure of blocking is over when it returns, and the next one raises another`()
    throws
  {
    let alarms = AlarmThresholds([.longBlocking: .init(raisesAt: 20, endsBelow: 20)], minimumInterval: .zero)
    let (gate, isOver) = (DispatchSemaphore(value: 0), Count())
    _ = try withRuntime(.init(schedulers: 1, alarms: alarms)) { runtime in
      let process = runtime.spawn { process in
        for _ in 0..<2 {
          process.blocking { gate.wait() }
          while isOver.total == 0 { try process.sleep(for: .milliseconds(10)) }
          isOver.add(-1)
        }
      }
      for round in 0..<2 {
        wait(until: "the alarm is raised") { runtime.alarms.count == 2 * round + 1 }
        gate.signal()
        wait(until: "the alarm is over") { runtime.alarms.count == 2 * round + 2 }
        isOver.add()
      }
      #expect(runtime.alarms.map(\.isRaised) == [true, false, true, false])
      #expect(runtime.alarms.allSatisfy { $0.process == process.id })
    }
  }

  @Test func `O1: on threads a loop without suspension points raises alarms about its slice and its scheduler`()
    throws
  {
    let alarms = AlarmThresholds([
      .longSlice: .init(raisesAt: 50, endsBelow: 50), .stuckScheduler: .init(raisesAt: 200, endsBelow: 200),
    ])
    let isOver = Count()
    _ = try withRuntime(.init(schedulers: 1, alarms: alarms)) { runtime in
      let process = runtime.spawn { _ in while isOver.total == 0 {} }
      wait(until: "both alarms are raised") { runtime.alarms.count == 2 }
      isOver.add()
      wait(until: "both alarms are over") { runtime.alarms.count == 4 }
      #expect(runtime.alarms.prefix(2).map(\.change) == ["longSlice raised", "stuckScheduler raised"])
      #expect(runtime.alarms.allSatisfy { $0.process == process.id })
    }
  }

  @Test func `O1: an alarm is raised at the percentage of spare schedulers in use, and over when they are free again`()
    throws
  {
    let alarms = AlarmThresholds([.sparesUsed: .init(raisesAt: 50, endsBelow: 50)], minimumInterval: .zero)
    let isOver = Count()
    _ = try withRuntime(.init(schedulers: 1, spareSchedulers: 2, alarms: alarms)) { runtime in
      runtime.spawn { process in while isOver.total < 2 { try process.sleep(for: .milliseconds(1)) } }
      runtime.spawn { _ in while isOver.total == 0 {} }
      wait(until: "the alarm is raised") { runtime.alarms.count == 1 }
      isOver.add()
      wait(until: "the alarm is over") { runtime.alarms.count == 2 }
      isOver.add()
      #expect(runtime.alarms.map(\.change) == ["sparesUsed raised", "sparesUsed over"])
      #expect(runtime.alarms.map(\.value) == [50, 0])
    }
  }

  @Test func `O1: an alarm is raised at the percentage of threads that run closures of blocking`() throws {
    let alarms = AlarmThresholds([.blockingThreadsUsed: .init(raisesAt: 100, endsBelow: 60)], minimumInterval: .zero)
    let gate = DispatchSemaphore(value: 0)
    _ = try withRuntime(.init(schedulers: 1, blockingThreads: 2, alarms: alarms)) { runtime in
      for _ in 0..<2 { runtime.spawn { process in process.blocking { gate.wait() } } }
      wait(until: "the alarm is raised") { runtime.alarms.count == 1 }
      gate.signal()
      wait(until: "the alarm is over") { runtime.alarms.count == 2 }
      gate.signal()
      #expect(runtime.alarms.map(\.change) == ["blockingThreadsUsed raised", "blockingThreadsUsed over"])
      #expect(runtime.alarms.map(\.value) == [100, 50])
    }
  }

  @Test func `O1: an alarm is raised while other handlers have the signals of crashes`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      let alarms = AlarmThresholds([.lostHandlers: .init(raisesAt: 2, endsBelow: 1)], minimumInterval: .zero)
      let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: alarms))
      runtime.spawn { process in while true { try process.sleep(for: .milliseconds(1)) } }
      var handlers = (sigaction(), sigaction())
      sigaction(SIGFPE, nil, &handlers.0)
      sigaction(SIGILL, nil, &handlers.1)
      for signal in [SIGFPE, SIGILL] { probe_install_counter(signal) }
      wait(until: "the alarm is raised") { runtime.alarms.count == 1 }
      sigaction(SIGFPE, &handlers.0, nil)
      sigaction(SIGILL, &handlers.1, nil)
      wait(until: "the alarm is over") { runtime.alarms.count == 2 }
      exit(runtime.alarms.map(\.value) == [2, 0] ? 0 : 1)
    }
  }

  @Test func `O1: the end of an alarm is reported before the watchdog rests, because nothing runs any more`() throws {
    let alarms = AlarmThresholds([.longMailbox: .init(raisesAt: 10, endsBelow: 1)], minimumInterval: .zero)
    let isReady = Count()
    _ = try withRuntime(.init(schedulers: 1, alarms: alarms)) { runtime in
      let process = runtime.spawn(Int.self) { process in
        while true {
          let first = try process.receive()
          while isReady.total == 0 { try process.sleep(for: .milliseconds(1)) }
          for _ in first + 1..<11 { _ = try process.receive() }
          isReady.add(-1)
        }
      }
      for round in 0..<5 {
        for number in 0..<11 { process.send(number) }
        wait(until: "the alarm is raised") { runtime.alarms.count == 2 * round + 1 }
        isReady.add()
        wait(until: "the alarm is over") { runtime.alarms.count == 2 * round + 2 }
      }
      process.exit()
    }
  }
}
