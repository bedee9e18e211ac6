// SPDX-License-Identifier: Apache-2.0
//
// A weak reference is a reference, too: it cannot be used after the send.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func send(_ ref: ProcessRef<Doc>) {
  let doc = Doc()
  weak let again = doc
  ref.send(doc)
  again?.number += 1
}
