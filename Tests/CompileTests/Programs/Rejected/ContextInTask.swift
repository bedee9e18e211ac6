// SPDX-License-Identifier: Apache-2.0
//
// A context stays in its process: a task cannot capture it.
// error: passing closure as a 'sending' parameter risks causing data races

import Joist

func start(_ runtime: ProcessRuntime) {
  runtime.spawn { process in
    Task { try process.yield() }
  }
}
