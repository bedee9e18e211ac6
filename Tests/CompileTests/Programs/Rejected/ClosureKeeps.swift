// SPDX-License-Identifier: Apache-2.0
//
// A closure that is sent takes what it captured with it.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func send(_ ref: ProcessRef<() -> Void>) {
  let doc = Doc()
  ref.send { doc.number += 1 }
  doc.number += 1
}
