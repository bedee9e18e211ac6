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
