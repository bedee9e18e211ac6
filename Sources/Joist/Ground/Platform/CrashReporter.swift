// SPDX-License-Identifier: Apache-2.0
//
// Recognizes the handler that reported the program's crashes before Joist contained them.

import CJoist

/// A reporter of crashes, such as the one that Swift's runtime installs if `SWIFT_BACKTRACE` asks for it.
package enum CrashReporter {
  /// Returns whether this handler of a signal belongs to a reporter of crashes.
  ///
  /// It does if it had a signal of crashes before the first runtime took these signals over.
  package static func has(_ handler: UInt) -> Bool { joist_faults_had(handler) }
}
