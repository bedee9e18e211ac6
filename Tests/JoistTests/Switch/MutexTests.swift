// SPDX-License-Identifier: Apache-2.0
//
// Swift's `Mutex` in bodies that move between threads.

#if os(Linux)
  import Dispatch
  import Joist
  import Synchronization
  import TestSupport
  import Testing

  @Suite struct MutexTests {
    @Test func `P5: a Mutex that moving bodies lock between suspensions excludes and never stays locked`() throws {
      let (bodies, each) = (8, many(20_000))
      let shared = Shared()
      let group = DispatchGroup()
      DispatchQueue.global().async(group: group) { for _ in 0..<each { shared.mutex.withLock { $0 = work($0) + 1 } } }
      let statistics = try withRuntime(.init(schedulers: 4)) { runtime in
        for _ in 0..<bodies {
          runtime.spawn { process in
            for _ in 0..<each {
              // The compiler inlines `withLock`, so the address of its thread-local may be kept across the yield.
              shared.mutex.withLock { $0 = work($0) + 1 }
              try process.yield()
            }
          }
        }
      }
      group.wait()
      #expect(shared.mutex.withLock { $0 } == (bodies + 1) * each && statistics.trapsContained == 0)
    }

    @Test func `P5: a Mutex that is held is not available, and is again after it was released`() throws {
      let shared = Shared()
      let log = Log<Bool>()
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        runtime.spawn { _ in
          shared.mutex.withLock { _ in log.add(shared.mutex.withLockIfAvailable { $0 += 1 } == nil) }
          log.add(shared.mutex.withLockIfAvailable { $0 += 1 } != nil)
        }
      }
      #expect(log.entries == [true, true])
    }

    @Test func `P5: a Mutex held across a suspension is released on any thread, and waiters get it`() throws {
      let shared = Shared()
      let (bodies, each) = (4, many(100))
      let statistics = try withRuntime(.init(schedulers: 4)) { runtime in
        for _ in 0..<bodies {
          runtime.spawn { process in
            for _ in 0..<each {
              try shared.mutex.withLock { value in
                let before = value
                try process.yield()
                value = before + 1
              }
            }
          }
        }
      }
      #expect(shared.mutex.withLock { $0 } == bodies * each && statistics.trapsContained == 0)
    }

    @Test func `P5: a process that locks a Mutex twice traps`() throws {
      let message = try saying("Recursive call to lock Mutex") { _ in
        let mutex = Mutex(0)
        mutex.withLock { _ in mutex.withLock { $0 += 1 } }
      }
      #expect(message.contains("Recursive call to lock Mutex"), "\(message)")
    }

    @Test func `P5: a thread that locks a Mutex twice traps at once, as without Joist`() async throws {
      let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let mutex = Mutex(0)
        mutex.withLock { _ in mutex.withLock { $0 += 1 } }
      }
      let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
      #expect(text.contains("Recursive call to lock Mutex"), "\(text)")
    }

    @Test(.timeLimit(.minutes(15)))
    func `P5: a Mutex that a crash has left locked ends the program when a thread wants it`() async throws {
      let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try await runtimeWithCrash()
        crashed.withLock { $0 += 1 }
      }
      let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
      #expect(text.contains("A Mutex is locked by code that crashed and will never unlock it"), "\(text)")
    }

    @Test(.timeLimit(.minutes(15)))
    func `P5: a Mutex that a crash has left locked ends the program when a process wants it`() async throws {
      let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let runtime = try await runtimeWithCrash()
        runtime.spawn { process in process.blocking { crashed.withLock { $0 += 1 } } }
        await runtime.waitUntilIdle()
      }
      let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
      #expect(text.contains("A Mutex is locked by code that crashed and will never unlock it"), "\(text)")
    }

    @Test(.timeLimit(.minutes(15)))
    func `P5: where crashes under locks are contained, a process that wants the Mutex of one ends`() throws {
      let reasons = Log<String>()
      let mutex = Shared()
      _ = try withRuntime(.init(schedulers: 1, onTrapWithLock: .contain)) { runtime in
        runtime.spawn { _ in crash(under: mutex.mutex) }
        runtime.waitUntilIdle()
        runtime.spawn(Down.self) { process in
          process.spawnMonitored(down: { $0 }) { child in
            child.blocking { mutex.mutex.withLock { $0 += 1 } }
          }
          reasons.add("\(try process.receive().reason)")
        }
      }
      #expect(reasons.entries.count == 1 && reasons.entries[0].contains("A Mutex is locked by code that crashed"))
    }

    @Test(.timeLimit(.minutes(15)))
    func `P5: a Mutex that is held for long by code that runs is waited for, although its thread had a crash`() throws {
      let shared = Shared()
      let log = Log<String>()
      let isHeld = Count()
      _ = try withRuntime(.init(schedulers: 1)) { runtime in
        runtime.spawn { _ in fatalError("a crash before that") }
        runtime.waitUntilIdle()
        runtime.spawn { _ in
          shared.mutex.withLock { value in
            isHeld.add()
            let began = ContinuousClock.now
            while ContinuousClock.now - began < .seconds(7) { value += 0 }
            log.add("released")
          }
        }
        wait(until: "the Mutex is held", on: runtime) { isHeld.total == 1 }
        shared.mutex.withLock { _ in log.add("locked") }
      }
      #expect(log.entries == ["released", "locked"])
    }

    @Test func `P5: unlocking a Mutex that is not locked traps, as without Joist`() async throws {
      let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        Mutex(())._unsafeUnlock()
      }
      let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
      #expect(text.contains("Call to unlock Mutex"), "\(text)")
    }
  }

  private final class Shared: Sendable { let mutex = Mutex(0) }

  private let crashed = Mutex(0)

  /// A runtime in which a process has crashed while it held `crashed`.
  private func runtimeWithCrash() async throws -> ProcessRuntime {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    runtime.spawn { _ in crash(under: crashed) }
    await runtime.waitUntilIdle()
    return runtime
  }

  @inline(never)
  private func crash(under mutex: borrowing Mutex<Int>) { mutex.withLock { $0 = [Int]()[unknown($0)] } }

  /// Returns the number, after some microseconds, so that others wait for the lock.
  @inline(never)
  private func work(_ number: Int) -> Int {
    var sum = 0
    for round in 0..<unknown(300) { sum &+= unknown(round) }
    return unknown(number) + (sum == -1 ? 1 : 0)
  }
#endif
