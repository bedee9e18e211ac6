// SPDX-License-Identifier: Apache-2.0
//
// Crashes while a process holds a Dispatch queue, in every form in which it can hold one.

import Dispatch
import Foundation
import Joist
import Synchronization
import TestSupport
import Testing

/// A form of holding a Dispatch queue.
private enum Holding: CaseIterable {
  case plain, generic, throwing, flags, barrier, genericBarrier, concurrent, item, targeted, nested, itself

  /// Crashes while the queue is held.
  func die(_ way: WayOfDying = .unwrap) {
    let serial = DispatchQueue(label: "serial")
    let concurrent = DispatchQueue(label: "concurrent", attributes: .concurrent)
    switch self {
    case .plain: serial.sync { try? way.die() }
    case .generic: print(serial.sync { dead(way) })
    case .throwing: try? serial.sync { try way.die() }
    case .flags: print(serial.sync(flags: .enforceQoS) { dead(way) })
    case .barrier: concurrent.sync(flags: .barrier) { try? way.die() }
    case .genericBarrier: print(concurrent.sync(flags: .barrier) { dead(way) })
    case .concurrent: concurrent.sync { try? way.die() }
    case .item: serial.sync(execute: DispatchWorkItem { try? way.die() })
    case .targeted: DispatchQueue(label: "upper", target: serial).sync { try? way.die() }
    case .nested: concurrent.sync { serial.sync { try? way.die() } }
    case .itself: serial.sync { serial.sync {} }
    }
  }
}

@inline(never)
private func dead(_ way: WayOfDying) -> Int {
  try? way.die()
  return unknown(1)
}

/// Runs `body` in a process or in its `blocking` closure; the program exits with status 7 if it survives.
private func hold(
  inBlocking: Bool = false,
  _ configuration: ProcessRuntime.Configuration = .init(schedulers: 1),
  _ body: @escaping @Sendable () -> Void
) throws {
  let runtime = try ProcessRuntime(configuration)
  runtime.spawn { process in if inBlocking { process.blocking { body() } } else { body() } }
  runtime.waitUntilIdle()
  exit(7)
}

@inline(never)
private func endless(_ process: ProcessContext<Never>, _ depth: Int) -> Int {
  if depth == .max { return 0 }
  process.spawn { _ in }
  return unknown(endless(process, depth + 1)) + 1
}

@Suite(.timeLimit(.minutes(15))) struct HeldQueueTests {
  @Test func `P5: a crash inside queue.sync ends the program, in every form of sync`() async {
    await #expect(processExitsWith: .failure) { try hold { Holding.plain.die() } }
    await #expect(processExitsWith: .failure) { try hold { Holding.generic.die() } }
    await #expect(processExitsWith: .failure) { try hold { Holding.throwing.die() } }
    await #expect(processExitsWith: .failure) { try hold { Holding.flags.die() } }
    await #expect(processExitsWith: .failure) { try hold { Holding.barrier.die() } }
    await #expect(processExitsWith: .failure) { try hold { Holding.genericBarrier.die() } }
    await #expect(processExitsWith: .failure) { try hold { Holding.concurrent.die() } }
    await #expect(processExitsWith: .failure) { try hold { Holding.item.die(.fatal) } }
    await #expect(processExitsWith: .failure) { try hold { Holding.targeted.die() } }
    await #expect(processExitsWith: .failure) { try hold { Holding.nested.die() } }
    await #expect(processExitsWith: .failure) { try hold { Holding.itself.die() } }
  }

  @Test func `P5: a crash inside queue.sync ends the program in a blocking closure, too`() async {
    await #expect(processExitsWith: .failure) { try hold(inBlocking: true) { Holding.plain.die() } }
    await #expect(processExitsWith: .failure) { try hold(inBlocking: true) { Holding.generic.die(.cast) } }
    await #expect(processExitsWith: .failure) { try hold(inBlocking: true) { Holding.barrier.die() } }
    await #expect(processExitsWith: .failure) { try hold(inBlocking: true) { Holding.concurrent.die() } }
    await #expect(processExitsWith: .failure) { try hold(inBlocking: true) { Holding.itself.die() } }
  }

  @Test func `P5: a stack overflow in a runtime call ends the program while a queue is held`() async {
    await #expect(processExitsWith: .failure) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      runtime.spawn { process in
        let queue = DispatchQueue(label: "own")
        print(queue.sync { endless(process, 0) })
      }
      await runtime.waitUntilIdle()
      exit(7)
    }
    await #expect(processExitsWith: .failure) {
      let runtime = try ProcessRuntime(.init(schedulers: 1, onTrap: .crash))
      runtime.spawn { process in print(endless(process, 0)) }
      await runtime.waitUntilIdle()
      exit(7)
    }
  }

  @Test func `P5: contained crashes inside queue.sync end neither the holding threads nor the program`() async {
    await #expect(processExitsWith: .exitCode(7)) {
      for inBlocking in [false, true] {
        let runtime = try ProcessRuntime(.init(schedulers: 2, onTrapWithLock: .contain))
        for holding in Holding.allCases {
          runtime.spawn { process in if inBlocking { process.blocking { holding.die() } } else { holding.die() } }
        }
        await runtime.waitUntilIdle()
        precondition(runtime.statistics.trapsContained == Holding.allCases.count)
        let survivors = await runtime.shutdown()
        precondition(survivors.isEmpty)
      }
      exit(7)
    }
  }

  @Test func `P5: after a contained crash inside queue.sync the thread is on no queue`() async {
    await #expect(processExitsWith: .exitCode(7)) {
      let key = DispatchSpecificKey<Int>()
      let runtime = try ProcessRuntime(.init(schedulers: 1, onTrapWithLock: .contain))
      runtime.spawn { _ in
        let queue = DispatchQueue(label: "own")
        queue.setSpecific(key: key, value: 1)
        queue.sync { try? WayOfDying.unwrap.die() }
      }
      let seen = Log<Int?>()
      runtime.spawn { process in
        try process.yield()
        seen.add(DispatchQueue.getSpecific(key: key))
        seen.add(DispatchQueue(label: "other").sync { 5 })
      }
      await runtime.waitUntilIdle()
      precondition(seen.entries == [nil, 5] && runtime.statistics.trapsContained == 1)
      // The thread that Dispatch records as the queue's holder still exists, so no other thread is mistaken for it.
      await runtime.shutdown()
      exit(7)
    }
  }

  @Test func `P5: a crash in a Dispatch call that holds no queue ends its process`() throws {
    let ways: [@Sendable () -> Void] = [
      {
        DispatchQueue(label: "own").sync {}
        try? WayOfDying.unwrap.die()
      },
      {
        let data = Data(repeating: 1, count: 3).withUnsafeBytes { DispatchData(bytes: $0) }
        data.enumerateBytes { _, _, _ in dieNow() }
      },
      { DispatchWorkItem { dieNow() }.perform() },
    ]
    for way in ways { #expect(try end { _ in way() }.trap != nil) }
  }
}

@inline(never)
private func dieNow() { try? WayOfDying.unwrap.die() }
