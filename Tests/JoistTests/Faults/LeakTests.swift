// SPDX-License-Identifier: Apache-2.0
//
// What contained crashes leave behind: what the frames held, and nothing else.

import CFaultProbe
import Foundation
import Joist
import TestSupport
import Testing

@Suite(.serialized) struct LeakTests {
  /// By how many bytes the program grows with each crash of a process with that body, after many others.
  private func growth(_ count: Int, _ body: @escaping @Sendable () throws -> Void) throws -> Double {
    let (log, warmUp) = (Log<Int64>(), many(4_000, oneIn: 20))
    // A spare scheduler takes 40 KB when it is started, at any moment on a busy machine: four bytes for each of 10,000.
    let statistics = try withRuntime(.init(schedulers: 2, spareSchedulers: 0)) { runtime in
      runtime.spawn(Down.self) { process in
        for round in 0..<2 {
          if round == 1 { log.add(probe_malloc_bytes()) }
          for _ in 0..<(round == 0 ? warmUp : count) {
            process.spawnMonitored(down: { $0 }) { _ in try body() }
            _ = try process.receive()
          }
        }
        log.add(probe_malloc_bytes())
      }
    }
    #expect(statistics.trapsContained + statistics.overflowsContained == count + warmUp)
    return Double(log.entries[1] - log.entries[0]) / Double(count)
  }

  // In a program of its own: other tests grow it, too. Status 1 to 3 says which did not hold.
  @Test func `I1: a crash leaks what its frames held, and a body that holds nothing leaks nothing`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      let tests = LeakTests()
      // What a body captured is released, but for a count that unoptimised code has in its frame while it calls.
      let nothing: Double = isOptimised ? 1 : 64
      if try tests.growth(many(40_000, oneIn: 200), { _ = unknown(unknown(Int.max) + 1) }) > nothing { exit(1) }
      if try tests.growth(many(10_000, oneIn: 50), { _ = unknown(descend(unknown(1))) }) > nothing { exit(2) }
      let held = try tests.growth(
        many(10_000, oneIn: 50),
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
