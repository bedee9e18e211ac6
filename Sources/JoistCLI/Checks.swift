// SPDX-License-Identifier: Apache-2.0
//
// Command-line checks: an option that a runtime would refuse is reported as a wrong argument before anything runs.

import ArgumentParser
import Joist

extension ProcessRuntime.Configuration {
  /// Throws a `ValidationError` that names the option if the configuration is not valid.
  func check() throws {
    do {
      try validate()
    } catch {
      throw ValidationError("--\(error)")
    }
  }
}

/// Throws a `ValidationError` if `--minutes` is out of range.
func check(minutes: Double) throws {
  guard minutes > 0, minutes < 100_000 else {
    throw ValidationError("--minutes is \(minutes), and must be more than 0 and less than 100000")
  }
}
