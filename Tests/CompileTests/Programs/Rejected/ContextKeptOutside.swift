// SPDX-License-Identifier: Apache-2.0
//
// A context stays in its process: the code that spawned the process cannot get it.
// error: sending value of non-Sendable type

import Joist

func steal(_ runtime: ProcessRuntime) {
  var kept: ProcessContext<Int>?
  runtime.spawn(Int.self) { process in kept = process }
  print(kept?.id as Any)
}
