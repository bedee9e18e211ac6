// SPDX-License-Identifier: Apache-2.0
//
// The exit reason of a process, determined while its body is still throwing.

import Joist

extension ExitReason {
  /// Determines the reason for which a process ends when its body throws `error`.
  ///
  /// An exit that the process was told takes precedence over the error.
  init<Message: ~Copyable>(of process: ProcessContext<Message>, throwing error: any Error) {
    do throws(ProcessExit) {
      try process.reduce(0)
      self = (error as? ProcessExit)?.reason ?? .error(error)
    } catch {
      self = error.reason
    }
  }
}
