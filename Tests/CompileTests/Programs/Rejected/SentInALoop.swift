// SPDX-License-Identifier: Apache-2.0
//
// What is sent belongs to one receiver: a loop would send it twice.
// error: sending 'doc' risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func send(_ ref: ProcessRef<Doc>) {
  let doc = Doc()
  for _ in 0..<2 { ref.send(doc) }
}
