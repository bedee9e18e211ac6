// SPDX-License-Identifier: Apache-2.0
//
// The memory that contained crashes leak: what the frames held, and nothing else.

import CFaultProbe
import Foundation
import Joist
import TestSupport
import Testing

@Suite(.serialized) struct LeakTests {
  /// Returns by how many bytes the program grows for each crash of a process with `body`, after many warm-up crashes.
  ///
  /// It is the least of three measurements: what the program allocates once, at a moment that depends on the machine's
  /// load, is in one of them, and what crashes leak is in each.
  private func growth(_ count: Int, _ body: @escaping @Sendable () throws -> Void) throws -> Double {
    let (log, warmUp) = (Log<Int64>(), many(4_000, oneIn: 20))
    // There are no spare schedulers: on a busy machine one may start at any moment, and it takes 40 KB, which is four
    // bytes for each of 10,000 crashes. An alarm about long slices or about the crashes takes memory, too.
    let statistics = try withRuntime(.init(schedulers: 2, spareSchedulers: 0, alarms: .none)) { runtime in
      runtime.spawn(Down.self) { process in
        for crashes in [warmUp, count, count, count] {
          for _ in 0..<crashes {
            process.spawnMonitored(down: { $0 }) { _ in try body() }
            _ = try process.receive()
          }
          log.add(probe_malloc_bytes())
        }
      }
    }
    #expect(statistics.trapsContained + statistics.overflowsContained == 3 * count + warmUp)
    let bytes = log.entries
    return Double((1..<bytes.count).map { bytes[$0] - bytes[$0 - 1] }.min()!) / Double(count)
  }

  // This test is a program of its own because other tests allocate, too. Status 1, 2 or 3 says which check failed.
  @Test func `I1: a crash leaks what its frames held, and nothing if they held nothing`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      let tests = LeakTests()
      // A body's captures are released, except for one retain that unoptimized code holds in its frame during a call.
      let nothing: Double = isOptimised ? 1 : 64
      if try tests.growth(many(20_000, oneIn: 100), { _ = unknown(unknown(Int.max) + 1) }) > nothing { exit(1) }
      if try tests.growth(many(5_000, oneIn: 25), { _ = unknown(descend(unknown(1))) }) > nothing { exit(2) }
      let held = try tests.growth(
        many(5_000, oneIn: 25),
        {
          let kilobyte = unknown([UInt8](repeating: 1, count: 1_000))
          _ = unknown(unknown(Int.max) + 1)
          print(kilobyte)
        }
      )
      exit(held > 900 && held < 1_300 ? 0 : 3)
    }
  }
}

private func note(_ flag: inout Bool) -> Bool {
  flag = true
  return true
}

private var isOptimised: Bool {
  var isUnoptimised = false
  assert(note(&isUnoptimised))
  return !isUnoptimised
}

@inline(never)
private func descend(_ depth: Int) -> Int { depth < 0 ? 0 : unknown(descend(depth + 1)) + depth }
