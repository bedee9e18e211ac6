// SPDX-License-Identifier: Apache-2.0
//
// Crashes while malloc fails for longer than one call: each ends its process, and the processes that wait for that end
// are told.

import CFaultProbe
import Foundation
import Joist
import Synchronization
import TestSupport
import Testing

/// A way to crash for lack of memory, or while there is no memory.
private enum Want: CaseIterable {
  case object, array, string, fatal, unwrap, index, tried, overflow

  @inline(never)
  func die() throws {
    switch self {
    case .object: _ = unknown(Box(number: unknown(1))).number
    case .array: print(unknown([UInt8](repeating: unknown(1), count: unknown(1_000))).count)
    case .string: print(String(repeating: unknown("text "), count: unknown(100)).utf8.count)
    case .fatal: fatalError("text")
    case .unwrap: print(unknown(Int?.none)!)
    case .index: print(unknown(Want.numbers)[unknown(7)])
    case .tried: try WayOfDying.tried.die()
    case .overflow: print(probe_take_stack(600 << 10))
    }
    fatalError("there was memory")
  }

  static let numbers = [1, 2, 3]
}

private final class Box {
  let number: Int
  init(number: Int) { self.number = number }
}

/// Crashes one process in each way while malloc fails, and returns the number of crashes that were reported.
///
/// While malloc fails, `process` itself takes memory only from pools.
private func dieWithoutMemory(_ process: ProcessContext<Down>, fails: Bool) throws -> Int {
  let children = Want.allCases.map { want in
    process.spawnMonitored(Int.self, down: { $0 }) { child in
      _ = try child.receive()
      try want.die()
    }.0
  }
  try process.yield()
  probe_fail_malloc_for_ever(fails)
  for child in children { child.send(1) }
  var crashes = 0
  for _ in children {
    switch try process.receive().reason {
    case .trap, .stackOverflow: crashes += 1
    default: break
    }
  }
  probe_fail_malloc_for_ever(false)
  return crashes
}

/// Waits on this thread until the runtime is idle; a task would need memory to wait.
private func waitWithoutMemory(_ runtime: ProcessRuntime) { runtime.waitUntilIdle() }

// The runtimes have no spare schedulers: if malloc begins to fail while a thread is made, the C library ends the
// program. Most tests need an optimized build: in a debug build, Swift's code for loops and array literals does not
// check whether an allocation succeeded, and the runtime's own code allocates where an optimized build does not.
@Suite(.timeLimit(.minutes(15))) struct NoMemoryTests {
  @Test(.enabled(if: isOptimized && probe_malloc_calls() >= 0))
  func `I2: while malloc keeps failing, processes that crash one after another end and are reported`() async {
    await #expect(processExitsWith: .success) {
      let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0))
      let crashes = Log<Int>()
      runtime.spawn(Down.self) { process in
        // In this first round Swift's runtime and the C library allocate what they keep permanently.
        crashes.add(try dieWithoutMemory(process, fails: false))
        for _ in 0..<20 { crashes.add(try dieWithoutMemory(process, fails: true)) }
      }
      waitWithoutMemory(runtime)
      precondition(crashes.entries == Array(repeating: Want.allCases.count, count: 21))
      precondition(runtime.statistics.abnormalExits == 21 * Want.allCases.count)
      await runtime.shutdown()
    }
  }

  @Test(.enabled(if: isOptimized && probe_malloc_calls() >= 0))
  func `I2: a crash without memory is reported to every monitor, caller and linked process`() async {
    await #expect(processExitsWith: .success) {
      let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0))
      let (told, linked, answered) = (Count(), Count(), Count())
      let target = runtime.spawn(ReplyTo<Int>?.self) { process in
        while try process.receive() != nil {}
        try Want.fatal.die()
      }
      for _ in 0..<many(40) {
        runtime.spawn(Down.self) { process in
          for _ in 0..<50 { process.monitor(target) { $0 } }
          for _ in 0..<50 { if case .trap = try process.receive().reason { told.add() } }
        }
        runtime.spawn(ExitSignal.self) { process in
          process.trapExits { $0 }
          try process.link(target)
          if case .trap = try process.receive().reason { linked.add() }
        }
        runtime.spawn { process in
          do { print(try process.call(target) { $0 }) } catch { answered.add() }
        }
      }
      waitWithoutMemory(runtime)
      runtime.spawn { process in
        probe_fail_malloc_for_ever(true)
        target.send(nil)
        while target.isAlive { try process.yield() }
        probe_fail_malloc_for_ever(false)
      }
      waitWithoutMemory(runtime)
      precondition(told.total == many(40) * 50 && linked.total == many(40) && answered.total == many(40))
      await runtime.shutdown()
    }
  }

  @Test(.enabled(if: isOptimized && probe_malloc_calls() >= 0))
  func `I2: a non-ASCII name is released when its process crashes without memory`() async {
    await #expect(processExitsWith: .success) {
      let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0))
      let crashes = Count()
      runtime.spawn(Down.self) { process in
        for round in 0..<many(20) {
          let child = process.spawnMonitored(Int.self, down: { $0 }) { child in
            for number in 0..<4 { try child.register(as: "cr\u{e8}me br\u{fb}l\u{e9}e \(number)") }
            _ = try child.receive()
            try Want.fatal.die()
          }.0
          try process.yield()
          probe_fail_malloc_for_ever(round > 0)
          child.send(1)
          if case .trap = try process.receive().reason { crashes.add() }
          probe_fail_malloc_for_ever(false)
        }
      }
      waitWithoutMemory(runtime)
      precondition(crashes.total == many(20) && runtime.registeredNames.isEmpty)
      await runtime.shutdown()
    }
  }

  @Test(.enabled(if: isOptimized && probe_malloc_calls() >= 0))
  func `I2: a program whose reserve of exit notices is empty stops with an error message`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0))
      let target = runtime.spawn(Int.self) { process in
        while try process.receive() > 0 {}
        try Want.fatal.die()
      }
      runtime.spawn(Down.self) { process in
        for _ in 0..<20_000 { process.monitor(target) { $0 } }
        // Once this message is received, the pool has a node for the next one.
        target.send(1)
        try process.yield()
        probe_fail_malloc_for_ever(true)
        target.send(0)
        while target.isAlive { try process.yield() }
      }
      // A wait for the runtime would allocate memory when it begins.
      while true { sched_yield() }
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("P5: there is no memory to tell of the end of a process"), "\(text)")
  }

  // This test does not run under emulation: the emulator needs address space, too.
  #if os(Linux) && !arch(arm64)
    @Test(.enabled(if: isOptimized))
    func `I2: processes that each use up the program's memory end one after another`() async {
      await #expect(processExitsWith: .success) {
        let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0))
        let crashes = Count()
        runtime.spawn(Down.self) { process in
          // The children are spawned first, so the process that waits for them needs no memory while there is none.
          let children = [100_000, 1_000, 1_000, 100, 1_000].map { bytes in
            process.spawnMonitored(Int.self, down: { $0 }) { child in
              _ = try child.receive()
              var kept: [[UInt8]] = []
              while unknown(true) { kept.append([UInt8](repeating: unknown(1), count: bytes)) }
              print(kept.count)
            }.0
          }
          try process.yield()
          try limitMemory(probe_limit_addresses, adding: 100 << 20)
          for child in children {
            child.send(1)
            if case .trap = try process.receive().reason { crashes.add() }
          }
          _ = probe_limit_addresses(-1)
        }
        waitWithoutMemory(runtime)
        precondition(crashes.total == 5 && runtime.statistics.trapsContained == 5)
        let ends = runtime.recentReports.filter { if case .abnormalExit = $0.event { true } else { false } }
        precondition(ends.count == 5)
        await runtime.shutdown()
      }
    }
  #endif

  @Test(.enabled(if: isOptimized && probe_malloc_calls() >= 0))
  func `P5: Swift's runtime leaves a lock held when it has no memory to make a type`() async {
    await #expect(processExitsWith: .failure) { try makeTypesWithoutMemory(after: 3) }
    await #expect(processExitsWith: .success) { try makeTypesWithoutMemory(after: 0, .contain) }
  }

  @Test func `P5: a trap in a deinit that Swift's runtime calls to destroy an Any leaves no lock held`() async {
    await #expect(processExitsWith: .success) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      runtime.spawn { _ in
        var pair: Any = unknown((Fragile(), 1))
        pair = unknown(0)
        print(pair)
      }
      waitWithoutMemory(runtime)
      precondition(runtime.statistics.trapsContained == 1)
      await runtime.shutdown()
    }
  }
}

/// Makes new types in a process while malloc fails; the program exits with status 0 if it survives.
///
/// The process first makes types of `count` levels while malloc still works.
private func makeTypesWithoutMemory(
  after count: Int,
  _ onTrapWithLock: ProcessRuntime.Configuration.OnTrap = .crash
) throws {
  let runtime = try ProcessRuntime(.init(schedulers: 1, onTrapWithLock: onTrapWithLock))
  runtime.spawn { _ in
    _ = unknown(nest(Int.self, levels: unknown(count)))
    probe_fail_malloc_for_ever(true)
    _ = unknown(nest(Int.self, levels: unknown(1_000)))
  }
  waitWithoutMemory(runtime)
  probe_fail_malloc_for_ever(false)
  exit(0)
}

private struct Nest<Inner> { var inner: Inner }

/// Makes one type for each level, nested around the one before, and returns the sum of their sizes.
@inline(never)
private func nest<Inner>(_: Inner.Type, levels: Int) -> Int {
  unknown(MemoryLayout<Inner>.size) + (levels > 0 ? nest(Nest<Inner>.self, levels: levels - 1) : 0)
}

private final class Fragile {
  deinit { print(unknown(Int?.none)!) }
}
