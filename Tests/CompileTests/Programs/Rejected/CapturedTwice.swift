// SPDX-License-Identifier: Apache-2.0
//
// A body owns what it captures: two processes cannot capture the same object.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func start(_ runtime: ProcessRuntime) {
  let doc = Doc()
  runtime.spawn { _ in doc.number += 1 }
  runtime.spawn { _ in doc.number += 1 }
}
