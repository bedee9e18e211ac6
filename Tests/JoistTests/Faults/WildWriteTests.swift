// SPDX-License-Identifier: Apache-2.0
//
// Writes into a stack's guard that are not overflows, and the floating-point control words after a crash.

import Foundation
import Joist
import TestSupport
import Testing

/// Writes one byte, `distance` bytes below its own frame.
@inline(never)
private func write(below distance: Int) {
  var local = 0
  withUnsafeMutablePointer(to: &local) { pointer in
    // The address is hidden from the optimizer, which would drop a store outside the variable.
    let address = unknown(Int(bitPattern: pointer) - distance)
    UnsafeMutableRawPointer(bitPattern: address)!.storeBytes(of: 1, as: UInt8.self)
  }
}

/// An object that logs, when it is destroyed, whether numbers are rounded to nearest.
private final class Rounding {
  let log: Log<Bool>
  let (one, tiny): (Double, Double)
  init(_ log: Log<Bool>, _ one: Double, _ tiny: Double) {
    self.log = log
    (self.one, self.tiny) = (one, tiny)
  }
  deinit { log.add(fegetround() == FE_TONEAREST && one + tiny == one) }
}

@Suite struct WildWriteTests {
  // The stack has 512 KiB, and the guard below it 448 KiB. The address is inside the guard, farther down than any frame
  // reaches.
  @Test func `P5: a wild write into the guard far below the stack pointer ends the program`() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      _ = try withRuntime(.init(schedulers: 1)) { runtime in runtime.spawn { _ in write(below: 640 << 10) } }
      exit(7)
    }
  }

  @Test func `C1: the cleanup of a crashed process rounds numbers as a new process does`() throws {
    let log = Log<Bool>()
    let numbers = Log<Double>()
    numbers.add(1)
    numbers.add(1e-20)
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      let ref = runtime.spawn(Rounding.self) { process in
        try process.sleep(for: .milliseconds(1))
        fesetround(FE_UPWARD)
        if numbers.entries[0] + numbers.entries[1] == 1 { log.add(false) }
        try WayOfDying.unwrap.die()
      }
      ref.send(Rounding(log, numbers.entries[0], numbers.entries[1]))
      runtime.waitUntilIdle()
      runtime.spawn { _ in log.add(fegetround() == FE_TONEAREST) }
    }
    #expect(log.entries == [true, true] && statistics.trapsContained == 1)
  }
}
