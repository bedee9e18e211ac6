// SPDX-License-Identifier: Apache-2.0
//
// What a process or a blocking closure holds is released, however it ends.

import Joist
import TestSupport
import Testing

@Suite struct HoldingTests {
  /// The ways in which a body that holds a permit ends.
  enum End: CaseIterable {
    case returns, throwsError, isToldToExit, traps, overflows, isKilledAndStays
  }

  private struct Failure: Error {}

  @Test(arguments: End.allCases)
  func `S3: a permit of withPermit is released, however its process ends`(end: End) throws {
    let simulation = try HandDriven(.init(schedulers: 1, reductionsPerSlice: 100))
    let permits = ProcessSemaphore(permits: 5)
    let processes = (0..<20).map { _ in
      simulation.runtime.spawn(Int.self) { process in
        // Two permits, so that the order of their release does not matter.
        try permits.withPermit {
          try permits.withPermit {
            switch end {
            case .returns: return
            case .throwsError: throw Failure()
            case .isToldToExit: _ = try process.receive()
            case .traps: if unknown(true) { fatalError("with a permit") }
            case .overflows: print(deeper(1))
            case .isKilledAndStays: while true { _ = try? process.receive() }
            }
          }
        }
      }
    }
    simulation.run()
    // While two processes hold four permits, a waiter holds the fifth; it is told to exit with the others.
    for process in processes { process.exit(end == .isKilledAndStays ? .killed : .shutdown) }
    simulation.run()
    var free = 0
    while permits.tryAcquire() { free += 1 }
    #expect(free == 5 && simulation.runtime.processes.isEmpty)
  }

  @Test func `P5: a crash in a blocking closure releases its permits and turns, and its locks as inconsistent`()
    throws
  {
    let (outer, inner, twice) = (ProcessLock(0), ProcessLock(0), ProcessLock(0))
    let (once, permits, got) = (Once(), ProcessSemaphore(permits: 1), Count())
    let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
      let bodies: [@Sendable () -> Void] = [
        { outer.withLock { _ in inner.withLock { _ in if unknown(true) { fatalError("locked") } } } },
        { try? permits.withPermit { if unknown(true) { fatalError("permitted") } } },
        { once.run { if unknown(true) { fatalError("once") } } },
        { twice.withLock { _ in twice.withLock { $0 += 1 } } },
      ]
      for body in bodies { _ = runtime.spawn { process in process.blocking { body() } }.joinBlocking() }
      runtime.spawn { process in
        outer.withLock { _ in got.add() }
        inner.withLock { _ in got.add() }
        twice.withLock { _ in got.add() }
        try permits.withPermit { got.add() }
        once.run { got.add() }
      }
    }
    // A runtime whose process waits forever counts as idle, so only the count shows that the process went on.
    #expect(got.total == 5 && statistics.trapsContained == 4)
    #expect(outer.isInconsistent && inner.isInconsistent && twice.isInconsistent && once.isDone)
  }

  @Test func `P3: a stack overflow in a blocking closure between calls of the runtime leaves no runtime lock held`()
    throws
  {
    let (lock, permits, got) = (ProcessLock(0), ProcessSemaphore(permits: 1), Count())
    let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
      let sink = runtime.spawn(Int.self, options: .init(mailbox: .bounded(8, whenFull: .dropOldest))) { process in
        while true { _ = try process.receive() }
      }
      _ = runtime.spawn { process in process.blocking { print(deeperWithCalls(1, lock, permits, sink)) } }
        .joinBlocking()
      runtime.spawn { _ in
        lock.withLock { _ in got.add() }
        try permits.withPermit { got.add() }
        sink.send(1)
        got.add()
      }
    }
    #expect(got.total == 3 && statistics.overflowsContained == 1)
  }

  @Test func `P5: a closed channel tells every waiter, even if an element that it refuses traps in its deinit`() throws
  {
    let simulation = try HandDriven()
    let channel = ProcessChannel<Mine>(capacity: 1)
    let (told, destroyed) = (Count(), Count())
    for number in 0..<4 {
      simulation.runtime.spawn { _ in
        do { try channel.send(Mine(destroyed, goesOff: number == 1)) } catch is ChannelClosed { told.add() }
      }
    }
    simulation.run()
    channel.close()
    simulation.run()
    // The first element is in the channel, the second ends its sender, and the other two senders are told.
    #expect(told.total == 2 && destroyed.total == 3 && simulation.runtime.processes.isEmpty)
    #expect(channel.tryReceive() != nil && destroyed.total == 4)
  }

  @Test(.threadsAndSeeds)
  func `S3: after many processes crash, are killed or end, every permit is free`() throws {
    let processes = size(200, seeds: 8)
    let permits = ProcessSemaphore(permits: 3)
    let statistics = try onRuntime(slots: 8) { runtime in
      let refs = (0..<processes).map { number in
        runtime.spawn { process in
          try permits.withPermit {
            try process.yield()
            if number % 4 == 1 { throw Failure() }
            if number % 4 == 2 { try process.exit(.shutdown) }
            try permits.withPermit { try process.yield() }
          }
        }
      }
      // Some processes wait for each other's permits by now.
      for (number, ref) in refs.enumerated() where number % 4 != 3 || number % 8 == 3 { ref.exit(.killed) }
      for ref in refs { ref.exit() }
      for ref in refs { _ = ref.joinBlocking() }
    }
    var free = 0
    while permits.tryAcquire() { free += 1 }
    #expect(free == 3)
    // Separate processes report crashes, so more processes end than this test spawned.
    #expect(statistics.processesEnded >= processes && statistics.processesEnded == statistics.processesCreated)
  }
}

/// An object whose `deinit` counts its destruction, and traps if `goesOff`.
final class Mine: Sendable {
  private let destroyed: Count
  private let goesOff: Bool

  init(_ destroyed: Count, goesOff: Bool = true) {
    self.destroyed = destroyed
    self.goesOff = goesOff
  }

  deinit {
    destroyed.add()
    if unknown(goesOff) { fatalError("a deinit") }
  }
}

@inline(never)
private func deeper(_ depth: Int) -> String {
  depth == .max ? "" : unknown("\(depth)") + deeper(depth + 1) + "."
}

@inline(never)
private func deeperWithCalls(
  _ depth: Int,
  _ lock: ProcessLock<Int>,
  _ permits: ProcessSemaphore,
  _ sink: ProcessRef<Int>
) -> Int {
  lock.withLock { $0 += 1 }
  try? permits.withPermit {}
  sink.send(depth)
  return deeperWithCalls(unknown(depth) + 1, lock, permits, sink) &+ depth
}
