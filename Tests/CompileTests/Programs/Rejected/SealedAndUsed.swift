// SPDX-License-Identifier: Apache-2.0
//
// What is sealed has left.
// error: sending 'doc' risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func seal() -> Sealed<Doc> {
  let doc = Doc()
  let sealed = Sealed(doc)
  doc.number += 1
  return sealed
}
