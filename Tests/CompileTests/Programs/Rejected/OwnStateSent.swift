// SPDX-License-Identifier: Apache-2.0
//
// An object cannot send what it keeps.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

final class Keeper {
  var doc = Doc()

  func give(_ ref: ProcessRef<Doc>) { ref.send(doc) }
}
