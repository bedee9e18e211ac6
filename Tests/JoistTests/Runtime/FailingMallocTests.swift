// SPDX-License-Identifier: Apache-2.0
//
// Malloc fails, once, at each call of the runtime in turn: the process that was running ends or gets an error, and no
// other process notices.

import CFaultProbe
import Joist
import TestSupport
import Testing

/// Runs one round in which the call with a number fails.
///
/// Returns the number of processes that ended abnormally, or nil if there were fewer calls.
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
  // The process beside goes on, and so does the runtime.
  beside.send(1)
  runtime.spawn { process in process.spawn { _ in beside.send(2) } }
  simulation.run()
  #expect(echoes.entries == [1, 2], "\(use), \(number)")
  #expect(runtime.sights.map(\.id) == [beside.id], "\(use), \(number)")
  var watch = RuleWatch(runtime)
  #expect(watch.brokenRule() == nil, "\(use), \(number)")
  // A message whose sender waits for capacity is lost with the frames of the sender.
  if use != .bounded { #expect(watch.brokenRuleAtRest() == nil, "\(use), \(number)") }
  beside.exit(.killed)
  simulation.run()
  let counters = runtime.statistics
  #expect(counters.processesCreated == counters.processesEnded && counters.savedFramesBytes == 0, "\(use), \(number)")
  _ = runtime.trim()
  return failed ? counters.abnormalExits - 1 : nil
}

/// Makes each call of malloc in a use fail in turn.
private func tryEachCall(_ use: MemoryUse) throws {
  // The first rounds make what Swift's runtime and the C library allocate once and keep.
  for _ in 0..<2 { _ = try deaths(.max, use) }
  var number: Int64 = 1
  var sum = 0
  while let deaths = try deaths(number, use) {
    number += 1
    sum += deaths
  }
  // Swift's runtime makes some of the calls, for a cache that it can do without. Frames that cannot be saved stay in
  // their stack slot.
  #expect(number > 1 && (sum > 0 || use == .wait || use == .deepWait), "\(use)")
}

@Suite struct FailingMallocTests {
  // In debug builds Swift does not check the memory that it allocates for an access to a property.
  @Test(.enabled(if: isOptimized && probe_malloc_calls() >= 0))
  func `I2: wherever malloc fails, a process ends or gets an error`() async {
    await #expect(processExitsWith: .success) { for use in MemoryUse.allCases { try tryEachCall(use) } }
  }
}

/// Whether this is a release build.
var isOptimized: Bool {
  var isDebug = false
  assert({ isDebug = true }() == ())
  return !isDebug
}
