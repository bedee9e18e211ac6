// SPDX-License-Identifier: Apache-2.0
//
// What a body captures is its alone, a variable included.
// error: risks causing data races

import Joist

func start(_ runtime: ProcessRuntime) {
  var number = 0
  runtime.spawn { _ in number += 1 }
  number += 1
}
