// SPDX-License-Identifier: Apache-2.0
//
// What was put into a `Disconnected` cannot be used directly any more.
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
