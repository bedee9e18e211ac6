// SPDX-License-Identifier: Apache-2.0
//
// State of the main actor cannot be sent.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

@MainActor final class Model {
  let doc = Doc()

  func give(_ ref: ProcessRef<Doc>) { ref.send(doc) }
}
