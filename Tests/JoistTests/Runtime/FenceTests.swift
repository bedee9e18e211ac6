// SPDX-License-Identifier: Apache-2.0
//
// The system begins to refuse the heavy fence while a runtime runs.

#if os(Linux)
  import CFaultProbe
  import Foundation
  import Joist
  import TestSupport
  import Testing

  @Suite struct FenceTests {
    @Test func `I2: a runtime works and ends in time if the heavy fence is forbidden after its start`() async {
      await #expect(processExitsWith: .exitCode(0)) { try workWithoutHeavyFence(error: EPERM) }
      await #expect(processExitsWith: .exitCode(0)) { try workWithoutHeavyFence(error: ENOSYS) }
      await #expect(processExitsWith: .exitCode(0)) { try workWithoutHeavyFence(error: ENOMEM) }
    }

    @Test func `I4: no wake-up is lost while the heavy fence is forbidden`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        probe_end_after(120, "messages between processes that sleep")
        let runtime = try ProcessRuntime(.init(schedulers: 4, slots: 64))
        let received = Count()
        let (rounds, pairs) = (5_000, 8)
        for number in 0..<pairs {
          let echo = runtime.spawn(ProcessRef<Int>.self) { process in
            for _ in 0..<rounds { (try process.receive()).send(1) }
          }
          runtime.spawn(Int.self) { process in
            for round in 0..<rounds {
              if number == 0 && round == rounds / 2 && !probe_forbid_heavy_fence(EPERM) { exit(3) }
              echo.send(process.ref)
              received.add(try process.receive())
            }
          }
        }
        await runtime.waitUntilIdle()
        let survivors = await runtime.shutdown()
        exit(received.total == rounds * pairs && survivors.isEmpty ? 0 : 2)
      }
    }
  }

  private func workWithoutHeavyFence(error: Int32) throws {
    probe_end_after(60, "a runtime without the heavy fence")
    let runtime = try ProcessRuntime(.init(schedulers: 2, slots: 4))
    let ended = Count()
    runtime.spawn { _ in ended.add() }
    runtime.waitUntilIdle()
    guard probe_forbid_heavy_fence(error) else { exit(3) }
    for _ in 0..<100 {
      for _ in 0..<10 {
        runtime.spawn { process in
          try process.sleep(for: .microseconds(10))
          ended.add()
        }
      }
      runtime.waitUntilIdle()
    }
    let hasStarted = Count()
    runtime.spawn { _ in
      hasStarted.add()
      while true {}
    }
    while hasStarted.total == 0 { sched_yield() }
    let began = ContinuousClock.now
    let survivors = runtime.shutdown(deadline: .milliseconds(100))
    // The survivor is the process that never calls the runtime; it gets the deadline and the time for killed processes.
    exit(ended.total == 1_001 && survivors.count == 1 && ContinuousClock.now - began < .seconds(20) ? 0 : 2)
  }
#endif
