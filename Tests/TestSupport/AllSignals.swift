// SPDX-License-Identifier: Apache-2.0
//
// Starts programs that need signals which threads of tests block.

import Foundation

/// Runs the body with no signal blocked.
///
/// A child inherits the mask of the thread that starts it, and threads of a test block signals that tmux, its shell and
/// gdb need.
package func withAllSignals<Result>(_ body: () throws -> Result) rethrows -> Result {
  var (none, usual) = (sigset_t(), sigset_t())
  // Sound: the sets live until after the calls.
  unsafe sigemptyset(&none)
  unsafe pthread_sigmask(SIG_SETMASK, &none, &usual)
  defer { unsafe pthread_sigmask(SIG_SETMASK, &usual, nil) }
  return try body()
}
