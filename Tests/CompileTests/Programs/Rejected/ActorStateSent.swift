// SPDX-License-Identifier: Apache-2.0
//
// State of an actor cannot be sent.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

actor Cache {
  let doc = Doc()

  func give(_ ref: ProcessRef<Doc>) { ref.send(doc) }
}
