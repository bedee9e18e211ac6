// SPDX-License-Identifier: Apache-2.0
//
// Semaphores, barriers, and closures that run once.

import Joist
import TestSupport
import Testing

@Suite struct SemaphoreTests {
  @Test func `S3: permits go to waiters in order`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let semaphore = ProcessSemaphore(permits: 1)
    for number in 0..<10 {
      simulation.runtime.spawn { process in
        try semaphore.acquire()
        log.add(number)
        try process.sleep(for: .seconds(1))
        semaphore.release()
        // No process overtakes the waiters.
        #expect(!semaphore.tryAcquire() || number == 9)
      }
    }
    simulation.run()
    #expect(log.entries == Array(0..<10))
  }

  @Test func `S3: a wait for a permit ends with its timeout, and takes none`() throws {
    let simulation = try HandDriven()
    let log = Log<Bool>()
    let semaphore = ProcessSemaphore(permits: 0)
    let waiter = simulation.runtime.spawn { process in
      log.add(try semaphore.acquire(timeout: .seconds(1)))
      log.add(try semaphore.acquire(timeout: .seconds(10)))
    }
    simulation.run(passingTime: false)
    #expect(waiter.snapshot?.waitReason == .turn)
    simulation.platform.advance(by: 2_000_000_000)
    simulation.run(passingTime: false)
    semaphore.release()
    simulation.run()
    #expect(log.entries == [false, true] && !semaphore.tryAcquire())
  }

  @Test func `S3: a waiter told to exit leaves the wait queue, and gives back a permit granted at that moment`() throws
  {
    let simulation = try HandDriven()
    let got = Count()
    let semaphore = ProcessSemaphore(permits: 0)
    let first = simulation.runtime.spawn { _ in try semaphore.acquire() }
    simulation.run()
    simulation.runtime.spawn { _ in
      try semaphore.acquire()
      got.add()
    }
    simulation.run()
    semaphore.release()
    first.exit()
    simulation.run()
    #expect(!first.isAlive && got.total == 1)
  }

  @Test func `P5: a permit granted to a process that crashes before it sees the permit goes to the next waiter`() throws
  {
    let simulation = try HandDriven()
    let got = Count()
    let semaphore = ProcessSemaphore(permits: 0)
    let crasher = simulation.runtime.spawn(ExitSignal.self) { process in
      process.trapExits { signal in
        // The process itself is the first in the queue.
        semaphore.release()
        if unknown(true) { fatalError("in a map") }
        return signal
      }
      try semaphore.acquire()
    }
    simulation.run()
    simulation.runtime.spawn { _ in
      try semaphore.acquire()
      got.add()
    }
    simulation.run()
    crasher.exit(.shutdown)
    simulation.run()
    #expect(!crasher.isAlive && got.total == 1)
  }

  @Test(.threadsAndSeeds)
  func `S3: processes and threads never hold more permits than there are`() throws {
    let (processes, each, own) = (size(100, seeds: 6), size(20, seeds: 3), size(100, seeds: 5))
    let inside = Count()
    let excess = Log<Int>()
    let done = Count()
    let semaphore = ProcessSemaphore(permits: 3)
    _ = try onRuntime(slots: 4) { runtime in
      for _ in 0..<processes {
        runtime.spawn { process in
          for _ in 0..<each {
            try semaphore.withPermit {
              inside.add()
              if inside.total > 3 { excess.add(inside.total) }
              try process.yield()
              inside.add(-1)
              done.add()
            }
          }
        }
      }
      for _ in 0..<own { try semaphore.withPermit { done.add() } }
    }
    #expect(excess.entries.isEmpty && done.total == processes * each + own)
  }

  @Test func `S3: counts out of range stop the program with a message`() async {
    await #expect(processExitsWith: .failure) { _ = ProcessSemaphore(permits: -1) }
    await #expect(processExitsWith: .failure) { _ = ProcessBarrier(parties: 0) }
    await #expect(processExitsWith: .failure) { _ = ProcessChannel<Int>(capacity: 0) }
    await #expect(processExitsWith: .failure) { _ = ProcessChannel<Int>(capacity: .max) }
  }
}

@Suite struct BarrierTests {
  @Test(.threadsAndSeeds)
  func `S3: no party passes a barrier before all have arrived, and one is the last of each round`() throws {
    let (parties, rounds) = (size(20, seeds: 5), size(50, seeds: 3))
    let arrived = Count()
    let wrong = Count()
    let lasts = Count()
    let barrier = ProcessBarrier(parties: parties)
    _ = try onRuntime(slots: 4) { runtime in
      for _ in 0..<parties {
        runtime.spawn { process in
          for round in 1...rounds {
            arrived.add()
            if try barrier.wait() == .last { lasts.add() }
            if arrived.total < round * parties { wrong.add() }
            try barrier.wait()
          }
        }
      }
    }
    #expect(wrong.total == 0 && lasts.total == rounds)
  }

  @Test func `S3: a party that dies or times out does not count, and another takes its place`() throws {
    let simulation = try HandDriven()
    let log = Log<ProcessBarrier.Arrival>()
    let barrier = ProcessBarrier(parties: 3)
    func arrive(_ timeout: Duration?) -> ProcessRef<Never> {
      simulation.runtime.spawn { _ in log.add(try barrier.wait(timeout: timeout)) }
    }
    let dies = arrive(nil)
    _ = arrive(.seconds(1))
    simulation.run(passingTime: false)
    dies.exit()
    simulation.run()
    #expect(log.entries == [.timedOut])
    for _ in 0..<2 { _ = arrive(nil) }
    simulation.run()
    #expect(log.entries.count == 1)
    _ = arrive(nil)
    simulation.run()
    #expect(log.entries.filter { $0 == .together }.count == 2 && log.entries.contains(.last))
  }
}

@Suite struct OnceTests {
  struct Failure: Error {}

  @Test(.threadsAndSeeds)
  func `S3: one of many processes runs the closure of a Once, and the others wait until it has`() throws {
    let processes = size(100, seeds: 8)
    let runs = Count()
    let early = Count()
    let once = Once()
    _ = try onRuntime(slots: 4) { runtime in
      for _ in 0..<processes {
        runtime.spawn { process in
          try once.run {
            try process.yield()
            runs.add()
          }
          if runs.total != 1 { early.add() }
        }
      }
    }
    #expect(runs.total == 1 && early.total == 0 && once.isDone)
  }

  @Test func `S3: if the process that runs the closure fails or dies, the next waiter runs it`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let once = Once()
    let asleep = simulation.runtime.spawn { process in try once.run { try process.sleep(for: .seconds(9)) } }
    for number in 1...3 {
      simulation.runtime.spawn { _ in
        try once.run {
          log.add(number)
          if number == 1 { throw Failure() }
        }
      }
    }
    simulation.run(passingTime: false)
    #expect(log.entries.isEmpty)
    asleep.exit()
    simulation.run()
    #expect(log.entries == [1, 2])
  }
}
