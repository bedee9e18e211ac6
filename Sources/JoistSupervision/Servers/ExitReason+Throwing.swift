// SPDX-License-Identifier: Apache-2.0
//
// Why a process is about to end, before it does.

import Joist

extension ExitReason {
  /// Why a process ends whose body throws that: what it was told counts first, then what it throws.
  init<Message: ~Copyable>(of process: ProcessContext<Message>, throwing error: any Error) {
    do throws(ProcessExit) {
      try process.reduce(0)
      self = (error as? ProcessExit)?.reason ?? .error(error)
    } catch {
      self = error.reason
    }
  }
}
