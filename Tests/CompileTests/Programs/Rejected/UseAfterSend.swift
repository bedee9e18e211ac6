// SPDX-License-Identifier: Apache-2.0
//
// What is sent belongs to the receiver: the sender cannot change it afterwards.
// error: sending 'doc' risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func send(_ ref: ProcessRef<Doc>) {
  let doc = Doc()
  ref.send(doc)
  doc.number += 1
}
