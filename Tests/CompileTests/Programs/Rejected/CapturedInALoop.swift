// SPDX-License-Identifier: Apache-2.0
//
// A body owns what it captures: a loop cannot spawn two processes with it.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func start(_ runtime: ProcessRuntime) {
  let doc = Doc()
  for _ in 0..<2 {
    runtime.spawn { _ in doc.number += 1 }
  }
}
