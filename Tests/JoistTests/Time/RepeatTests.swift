// SPDX-License-Identifier: Apache-2.0
//
// How often a repeating timer fires.

import Joist
import TestSupport
import Testing

@Suite struct RepeatTests {
  @Test func `S3: a timer of a millisecond fires a thousand times in a second`() throws {
    let simulation = try HandDriven()
    let came = Count()
    let ref = simulation.runtime.spawn(Int.self) { process in while true { came.add(try process.receive()) } }
    simulation.run()
    simulation.runtime.sendEvery(.milliseconds(1), to: ref) { 1 }
    simulation.pass(nanoseconds: 1_000_000_000)
    #expect((999...1_001).contains(came.total))
  }
}
