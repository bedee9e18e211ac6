// SPDX-License-Identifier: Apache-2.0
//
// Malloc fails, once, at each place in turn where the runtime calls it: the process that was there ends, or has an
// error, and nothing else notices.

import CFaultProbe
import Joist
import TestSupport
import Testing

/// One round, in which the call of that number fails; how many processes did not end as usual, or nil when there were
/// not so many calls.
private func deaths(_ number: Int64, _ use: MemoryUse) throws -> Int? {
  let simulation = try HandDriven(.init(schedulers: 2, slots: 4))
  let runtime = simulation.runtime
  let echoes = Log<Int>()
  let beside = runtime.spawn(Int.self) { process in while true { echoes.add(try process.receive()) } }
  runtime.spawn(Int.self) { process in
    probe_fail_malloc(number)
    try use.run(process)
  }
  simulation.run()
  let failed = probe_fail_malloc(0) == 0
  // Who was not there goes on, and so does the runtime.
  beside.send(1)
  runtime.spawn { process in process.spawn { _ in beside.send(2) } }
  simulation.run()
  #expect(echoes.entries == [1, 2], "\(use), \(number)")
  #expect(runtime.sights.map(\.id) == [beside.id], "\(use), \(number)")
  var watch = RuleWatch(runtime)
  #expect(watch.brokenRule() == nil, "\(use), \(number)")
  // What a process had in hand is lost with its frames: a message that waits for room.
  if use != .bounded { #expect(watch.brokenRuleAtRest() == nil, "\(use), \(number)") }
  beside.exit(.killed)
  simulation.run()
  let counters = runtime.statistics
  #expect(counters.processesCreated == counters.processesEnded && counters.savedFramesBytes == 0, "\(use), \(number)")
  _ = runtime.trim()
  return failed ? counters.abnormalExits - 1 : nil
}

/// All calls that a use makes fail in turn.
private func tryEachCall(_ use: MemoryUse) throws {
  // Swift's runtime and the C library make what they keep for good, wherever they are asked for that.
  for _ in 0..<2 { _ = try deaths(.max, use) }
  var number: Int64 = 1
  var sum = 0
  while let deaths = try deaths(number, use) {
    number += 1
    sum += deaths
  }
  // Some calls are of Swift's runtime, for a cache that it can do without. Frames without an image stay.
  #expect(number > 1 && (sum > 0 || use == .wait || use == .deepWait), "\(use)")
}

@Suite struct FailingMallocTests {
  // In debug, what Swift makes of an access to a property does not look whether it was given memory.
  @Test(.enabled(if: isOptimized && probe_malloc_calls() >= 0))
  func `I2: where malloc fails a process ends, or has an error`() async {
    await #expect(processExitsWith: .success) { for use in MemoryUse.allCases { try tryEachCall(use) } }
  }
}

/// Whether this is a release build.
var isOptimized: Bool {
  var isDebug = false
  assert({ isDebug = true }() == ())
  return !isDebug
}
