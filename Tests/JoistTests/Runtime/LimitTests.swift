// SPDX-License-Identifier: Apache-2.0
//
// The limits of a configuration mean what their documentation says.

import Joist
import TestSupport
import Testing

@Suite struct LimitTests {
  /// Spawns processes that wait until no more can be made, and returns their number.
  private func fill(_ runtime: ProcessRuntime) -> Int {
    var made = 0
    while (try? runtime.trySpawn(Int.self, { process in _ = try process.receive() })) != nil { made += 1 }
    return made
  }

  @Test(arguments: [65_535, 65_536, 65_537])
  func `I2: a thread makes as many processes as the limit says, and no more`(limit: Int) throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: limit))
    #expect(fill(simulation.runtime) == limit)
    #expect(simulation.runtime.processes.count == limit)
  }

  @Test func `I2: spawns on many schedulers never exceed the process limit, and fall short by few`() throws {
    let (limit, schedulers) = (65_536, 4)
    let simulation = try HandDriven(.init(schedulers: schedulers, processLimit: limit, slots: 64))
    let runtime = simulation.runtime
    // Every scheduler gets free records of its own.
    for _ in 0..<2_000 { runtime.spawn { process in process.spawn { _ in } } }
    simulation.run()
    for _ in 0..<schedulers {
      runtime.spawn { process in
        var refused = 0
        while refused < 200 {
          for _ in 0..<100 where !process.spawn(Int.self, { process in _ = try process.receive() }).isAlive {
            refused += 1
          }
          try process.yield()
        }
      }
    }
    simulation.run()
    let live = runtime.processes.count
    #expect(live <= limit && live >= limit - schedulers * Limits.recordsCached - schedulers)
  }

  @Test func `I2: spare schedulers and one scheduler for each processor are at most 256 together`() throws {
    let platform = ScarcePlatform(threads: .max, usefulSchedulers: 3)
    let error = #expect(throws: ConfigurationError.self) {
      try ProcessRuntime(.init(spareSchedulers: 254), platform: platform)
    }
    #expect(error?.field == "spareSchedulers" && error?.range == 0...253)
    let runtime = try ProcessRuntime(.init(slots: 64, spareSchedulers: 253), platform: platform)
    #expect(runtime.schedulerCount == 3 && runtime.shutdown().isEmpty)
  }
}
