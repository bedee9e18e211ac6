// SPDX-License-Identifier: Apache-2.0
//
// A context stays in its process: a child cannot capture its parent's context.
// error: passing closure as a 'sending' parameter risks causing data races

import Joist

func start(_ runtime: ProcessRuntime) {
  runtime.spawn { process in
    process.spawn { _ in try process.yield() }
  }
}
