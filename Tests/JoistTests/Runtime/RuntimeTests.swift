// SPDX-License-Identifier: Apache-2.0
//
// How runtimes are made, misused, and ended.

import Foundation
import Joist
import TestSupport
import Testing

@Suite struct RuntimeTests {
  @Test(arguments: [
    ("schedulers", ProcessRuntime.Configuration(schedulers: 0)),
    ("schedulers", .init(schedulers: -1)),
    ("schedulers", .init(schedulers: 1_000_000)),
    ("processLimit", .init(processLimit: 0)),
    ("processLimit", .init(processLimit: .max)),
    ("slots", .init(slots: 0)),
    ("slotBytes", .init(slotBytes: 1)),
    ("slotBytes", .init(slotBytes: .max)),
    ("reductionsPerSlice", .init(reductionsPerSlice: 0)),
    ("reductionsPerSlice", .init(reductionsPerSlice: .max)),
    ("ageing", .init(ageing: 0)),
    ("spareSchedulers", .init(spareSchedulers: 1_000)),
  ])
  func `I2: a setting out of range is refused, and the error names its field and range`(
    field: String,
    configuration: ProcessRuntime.Configuration
  ) {
    let error = #expect(throws: ConfigurationError.self) { try ProcessRuntime(configuration) }
    #expect(error?.field == field)
    #expect(error?.description.contains("\(error!.range.lowerBound)") == true)
  }

  @Test func `I2: at the process limit trySpawn throws, and nothing half-made remains`() throws {
    let tracker = Tracker()
    let statistics = try withRuntime(.init(schedulers: 2, processLimit: 10)) { runtime in
      let processes = try (0..<10).map { _ in
        try runtime.trySpawn(Int.self) { process in _ = try process.receive() }
      }
      runtime.waitUntilIdle()
      let held = Tracked(tracker)
      let sealed = Disconnected(held)
      #expect(throws: SpawnError.processLimit(10)) {
        try runtime.trySpawn(Int.self) { _ in _ = sealed.open() }
      }
      _ = sealed.openIfFull()
      #expect(!runtime.spawn { _ in }.isAlive)
      #expect(runtime.processes.count == 10)
      processes[0].send(1)
      runtime.waitUntilIdle()
      #expect(try runtime.trySpawn(Int.self) { _ in }.id.slot == processes[0].id.slot)
      for process in processes { process.send(1) }
    }
    #expect(statistics.processesCreated == 11 && tracker.count == 0)
  }

  @Test func `I2: options out of range are refused`() throws {
    _ = try withRuntime { runtime in
      #expect(throws: SpawnError.self) {
        try runtime.trySpawn(Int.self, options: .init(reductionsPerSlice: 0)) { _ in }
      }
      #expect(throws: SpawnError.self) {
        try runtime.trySpawn(Int.self, options: .init(stack: .dedicated(bytes: -1))) { _ in }
      }
    }
  }

  @Test(.threadsAndSeeds)
  func `L1: a wait until a runtime is idle ends when the runtime is shut down`() throws {
    _ = try onRuntime { runtime in
      runtime.spawn { process in try process.sleep(for: .seconds(100_000)) }
      runtime.spawn { _ in runtime.shutdown() }
      runtime.waitUntilIdle()
    }
  }

  @Test(.threadsAndSeeds)
  func `L1: shutdown ends every process, whatever it waits for`() throws {
    let processes = size(100, seeds: 8)
    let begun = Count()
    let unwound = Count()
    let left = Count()
    let statistics = try onRuntime(slots: 5) { runtime in
      for number in 0..<processes {
        runtime.spawn(Int.self) { process in
          begun.add()
          defer { unwound.add() }
          switch number % 4 {
          case 0: _ = try process.receive()
          case 1: try process.sleep(for: .seconds(100_000))
          case 2: while true { try process.reduce(100) }
          default: while true { try process.yield() }
          }
        }
      }
      left.add(runtime.shutdown(deadline: .seconds(20)).count)
      if runtime.spawn({ _ in }).isAlive { left.add() }
      do { try runtime.trySpawn(Int.self) { _ in } } catch SpawnError.shuttingDown { return }
      left.add()
    }
    #expect(left.total == 0)
    // A process that had not begun is destroyed without running.
    #expect(unwound.total == begun.total)
    #expect(statistics.processesEnded == UInt64(processes))
  }

  @Test func `L1: shutdown returns when the last process has ended, long before its deadline`() throws {
    let runtime = try ProcessRuntime(.init(schedulers: 2))
    for _ in 0..<10 { runtime.spawn(Int.self) { _ = try $0.receive() } }
    let began = ContinuousClock.now
    let survivors = withLimit("the runtime is shut down", on: runtime) { runtime.shutdown(deadline: .seconds(16)) }
    #expect(survivors.isEmpty && ContinuousClock.now - began < .seconds(8))
  }

  @Test func `L1: a process that swallows its exit is abandoned, and shutdown does not wait for it forever`() throws {
    let runtime = try ProcessRuntime(.init(schedulers: 2))
    runtime.spawn(Int.self) { process in
      while true { _ = try? process.receive() }
    }
    withLimit("the process is abandoned", on: runtime) {
      runtime.waitUntilIdle()
      #expect(runtime.shutdown(deadline: .milliseconds(50)).isEmpty)
    }
    #expect(runtime.statistics.processesAbandoned == 1)
  }

  @Test func `L1: shutdown names a process that never reaches a suspension point`() throws {
    let begun = Count()
    let flag = Count()
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let process = runtime.spawn { _ in
      begun.add()
      while flag.total == 0 {}
    }
    wait(until: "the process has begun", on: runtime) { begun.total > 0 }
    #expect(runtime.shutdown(deadline: .milliseconds(10)) == [process.id])
    flag.add()
  }

  @Test func `L1: a runtime that is released with processes alive shuts them down`() throws {
    let tracker = Tracker()
    do {
      let runtime = try ProcessRuntime(.init(schedulers: 2))
      for _ in 0..<10 {
        let held = Disconnected(Tracked(tracker))
        runtime.spawn(Int.self) { process in
          let object = held.open()
          _ = try process.receive()
          object.number += 1
        }
      }
      runtime.waitUntilIdle()
      #expect(tracker.count == 10)
    }
    wait(until: "every process of the runtime that was dropped has ended") { tracker.count == 0 }
  }

  @Test func `P5: several runtimes in one program do not mix`() throws {
    let first = try ProcessRuntime(.init(schedulers: 1))
    let second = try ProcessRuntime(.init(schedulers: 2))
    let sum = Count()
    let far = second.spawn(Int.self) { process in while true { sum.add(try process.receive()) } }
    first.spawn { process in for number in 1...100 { far.send(number) } }
    withLimit("the first runtime is idle", on: first) { first.waitUntilIdle() }
    withLimit("the second runtime is idle", on: second) { second.waitUntilIdle() }
    #expect(sum.total == 5_050)
    #expect(first.processes.isEmpty && second.processes == [far.id])
    #expect(first.shutdown().isEmpty && second.shutdown().isEmpty)
  }

  @Test func `L1: waitUntilIdle with a timeout returns false while a process sleeps`() throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let sleeper = runtime.spawn { process in try process.sleep(for: .seconds(1_000)) }
    #expect(!runtime.waitUntilIdle(timeout: .milliseconds(5)))
    sleeper.exit()
    #expect(runtime.waitUntilIdle(timeout: .seconds(20)))
    runtime.shutdown()
  }

  @Test(arguments: ["waitUntilIdle", "waitUntilIdle, for a time", "join"])
  func `L1: a blocking closure that waits for its own process or runtime ends the process with a message`(
    _ what: String
  ) throws {
    let sentence = what == "join" ? "cannot wait for the end of its process" : "cannot wait until its runtime is idle"
    let ends = Log<String>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Down.self) { process in
        process.spawnMonitored(down: { $0 }) { process in
          let own = process.ref
          process.blocking {
            switch what {
            case "join": _ = own.joinBlocking()
            case "waitUntilIdle": runtime.waitUntilIdle()
            default: _ = runtime.waitUntilIdle(timeout: .seconds(1_000))
            }
          }
        }
        if let down = try process.receive(timeout: .seconds(60)) { ends.add("\(down.reason)") }
      }
    }
    #expect(ends.entries.count == 1 && ends.entries[0].contains(sentence), "\(ends.entries)")
  }

  @Test func `L1: shutdown in a blocking closure of the same runtime only requests it`() throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let (returned, other) = (Log<Int>(), runtime.spawn(Int.self) { _ = try $0.receive() })
    runtime.spawn { process in
      process.blocking { returned.add(runtime.shutdown(deadline: .seconds(60)).count) }
    }
    runtime.waitUntilIdle()
    #expect(runtime.shutdown().isEmpty && returned.entries == [0] && !other.isAlive)
  }

  @Test func `L1: a blocking closure may wait for another runtime and shut it down; a process is told to do it there`()
    throws
  {
    let said = Log<String>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      let other = try ProcessRuntime(.init(schedulers: 1))
      let server = other.spawn(Int.self) { process in
        try process.sleep(for: .milliseconds(2))
        _ = try process.receive()
      }
      let helped = runtime.spawn { process in
        process.blocking {
          other.waitUntilIdle()
          said.add("idle \(server.isAlive)")
          said.add("left \(other.shutdown().count) \(server.isAlive)")
        }
      }
      _ = helped.joinBlocking()
      runtime.spawn(Down.self) { process in
        process.spawnMonitored(down: { $0 }) { _ in other.waitUntilIdle() }
        said.add("\(try process.receive().reason)")
      }
    }
    #expect(said.entries.count == 3 && said.entries.prefix(2) == ["idle true", "left 0 false"])
    #expect(said.entries.last?.contains("wait for another runtime in `process.blocking`") == true, "\(said.entries)")
  }

  @Test func `P5: a context used outside its process ends its user with a message`() throws {
    let sentence = "context was used where its process does not run"
    let said = try saying(sentence) { process in
      // The compiler does not see this: it takes what a function value returns as connected to nothing.
      let get = { process }
      let leaked = get()
      process.blocking { _ = leaked.messageCount }
    }
    #expect(said.contains(sentence))
  }

  @Test func `P5: a process that throws ends alone`() throws {
    struct Refused: Error {}
    let count = Count()
    _ = try withRuntime { runtime in
      for number in 0..<100 {
        runtime.spawn { process in
          try process.yield()
          if number % 2 == 0 { throw Refused() }
          count.add()
        }
      }
    }
    #expect(count.total == 50)
  }

  @Test func `S4: an idle runtime uses less than a hundredth of a core`() async {
    await #expect(processExitsWith: .success) {
      let runtime = try ProcessRuntime(.init(schedulers: 8))
      for _ in 0..<1_000 { runtime.spawn(Int.self) { process in _ = try process.receive() } }
      runtime.spawn { process in try process.sleep(for: .seconds(3_600)) }
      let isIdle = await runtime.waitUntilIdle(timeout: .milliseconds(300))
      #expect(!isIdle)
      // Measures half a second six times and takes the best, for the processes may have become idle late.
      let used = (0..<6).map { _ in
        let before = clock()
        _ = runtime.waitUntilIdle(timeout: .milliseconds(500))
        return clock() - before
      }
      #expect(used.min()! < CLOCKS_PER_SEC / 200)
    }
  }
}
