// SPDX-License-Identifier: Apache-2.0
//
// Programs with a low limit of address space. Each test is a program of its own, for such a limit holds for a program.

#if os(Linux)
  import CFaultProbe
  import Foundation
  import Joist
  import TestSupport
  import Testing

  @Suite struct AddressTests {
    @Test func `I2: whatever the limit of addresses, a runtime works or says what it lacks`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        probe_end_after(120, "a runtime with few addresses")
        var worked: [Int] = []
        for (number, megabytes) in [300, 1_000, 4_400, 4_800, 5_120, 7_000, 10_000, 17_408].enumerated() {
          // A different process limit, so that the records of the last runtime, which remain, do not serve.
          let limit = (1 << 24) - number * 64
          try limitMemory(probe_limit_addresses, adding: megabytes << 20)
          // Whether a runtime works near the limit depends on what other threads of the program have reserved.
          let worksNow = try runs(.init(schedulers: 2, processLimit: limit), lacking: "addresses", "of memory")
          if worksNow { worked.append(megabytes) }
        }
        // The records alone take 4 GiB.
        exit(worked.filter { $0 > 5_000 }.count == 4 && worked.allSatisfy { $0 > 4_000 } ? 0 : 2)
      }
    }

    // As on a system that promises no more memory than it has: there, reserved addresses count, too.
    @Test func `I2: whatever the limit of promised memory, a runtime works or says what it lacks`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        probe_end_after(120, "a runtime with little memory promised")
        for (number, megabytes) in [300, 4_800, 7_000].enumerated() {
          try limitMemory(probe_limit_data, adding: megabytes << 20)
          let works = try runs(.init(processLimit: (1 << 24) - number * 64), lacking: "addresses", "of memory")
          if works != (megabytes > 300) { exit(2) }
        }
        exit(0)
      }
    }

    @Test func `I2: a runtime that finds no addresses leaks none, and says which setting to lower`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        probe_end_after(60, "runtimes that cannot be made")
        _ = try runs(.init(schedulers: 1, processLimit: 1_000, slots: 1), lacking: "")
        let few = try limitMemory(probe_limit_addresses, adding: 256 << 20)
        for _ in 0..<20 {
          if try runs(.init(schedulers: 1, processLimit: 1_000, slotBytes: 64 << 20), lacking: "slotBytes") { exit(2) }
          if try runs(.init(schedulers: 1, processLimit: 1 << 26), lacking: "processLimit") { exit(3) }
        }
        exit(try addressesUsed() < few - (200 << 20) ? 0 : 4)
      }
    }

    @Test func `I2: a runtime makes as many stack slots as its addresses allow, and counts them`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let many = try ProcessRuntime(.init(schedulers: 1, processLimit: 1_000))
        if many.statistics.slotLimit != 16_384 { exit(2) }
        _ = await many.shutdown()
        try limitMemory(probe_limit_addresses, adding: 3 << 30)
        let few = try ProcessRuntime(.init(schedulers: 1, processLimit: 2_000))
        // A stack slot and its guard take 768 KiB: 2,048 take half of the 3 GiB, and 4,096 do not fit.
        exit(few.statistics.slotLimit == 2_048 ? 0 : 3)
      }
    }

    @Test func `I2: a blocking closure that gets no stack runs on its process's, and that is reported`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        probe_end_after(60, "a closure of blocking without a stack")
        let runtime = try ProcessRuntime(.init(schedulers: 2, processLimit: 1_000, slots: 64))
        runtime.spawn { process in try process.sleep(for: .milliseconds(1)) }
        await runtime.waitUntilIdle()
        try limitMemory(probe_limit_addresses, adding: 1 << 20)
        let results = Log<Int>()
        runtime.spawn { process in results.add(process.blocking { 5 }) }
        await runtime.waitUntilIdle()
        let said = runtime.recentReports.map(\.description)
        exit(results.entries == [5] && said.contains { $0.contains("stack") || $0.contains("thread") } ? 0 : 2)
      }
    }
  }

  /// Returns whether a runtime can be made under the limit.
  ///
  /// If it can, more processes than there are stack slots must run; if not, the error must contain one of the words.
  private func runs(_ configuration: ProcessRuntime.Configuration, lacking words: String...) throws -> Bool {
    let runtime: ProcessRuntime
    do { runtime = try ProcessRuntime(configuration) } catch let error as ResourceError {
      guard words.contains(where: error.description.contains) else { fatalError("\(error)") }
      return false
    }
    let ended = Count()
    let processes = (0..<500).map { _ in
      runtime.spawn(Int.self) { process in ended.add(try process.receive()) }
    }
    runtime.waitUntilIdle()
    for process in processes { process.send(1) }
    runtime.waitUntilIdle()
    guard ended.total == 500, runtime.shutdown().isEmpty else { fatalError("\(ended.total) of 500 processes ran") }
    return true
  }

  private func addressesUsed() throws -> Int {
    let line = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return (line.split(separator: " ").first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
  }

  /// Limits the program to what it uses now plus `bytes`, and returns the sum.
  @discardableResult
  func limitMemory(_ limit: (Int64) -> Bool, adding bytes: Int) throws -> Int {
    let total = try addressesUsed() + bytes
    guard limit(Int64(total)) else { fatalError("there is no limit of memory") }
    return total
  }
#endif
