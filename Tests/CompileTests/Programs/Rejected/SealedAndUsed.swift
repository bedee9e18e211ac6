// SPDX-License-Identifier: Apache-2.0
//
// What is sealed has left.
// error: sending 'doc' risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func seal() -> Disconnected<Doc> {
  let doc = Doc()
  let sealed = Disconnected(doc)
  doc.number += 1
  return sealed
}
