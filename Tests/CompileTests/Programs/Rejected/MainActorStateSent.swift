// SPDX-License-Identifier: Apache-2.0
//
// What is the main actor's cannot be sent.
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
