// SPDX-License-Identifier: Apache-2.0
//
// A graph that is sent as `Any` is still the same graph.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func send(_ ref: ProcessRef<Any>) {
  let doc = Doc()
  ref.send(doc as Any)
  doc.number += 1
}
