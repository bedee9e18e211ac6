// SPDX-License-Identifier: Apache-2.0
//
// A body owns what it captures, even a variable: the code that made it cannot use that afterwards.
// error: risks causing data races

import Joist

func start(_ runtime: ProcessRuntime) {
  var number = 0
  runtime.spawn { _ in number += 1 }
  number += 1
}
