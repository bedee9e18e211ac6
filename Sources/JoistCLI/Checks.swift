// SPDX-License-Identifier: Apache-2.0
//
// Arguments that a runtime would refuse are wrong arguments.

import ArgumentParser
import Joist

extension ProcessRuntime.Configuration {
  /// Throws a line for the user, naming the option.
  func check() throws {
    do {
      try validate()
    } catch {
      throw ValidationError("--\(error)")
    }
  }
}

/// Throws a line for the user where `--minutes` is no time that a run may take.
func check(minutes: Double) throws {
  guard minutes > 0, minutes < 100_000 else {
    throw ValidationError("--minutes is \(minutes), and must be more than 0 and less than 100000")
  }
}
