// SPDX-License-Identifier: Apache-2.0
//
// A right program that the compiler refuses: a region cannot be taken apart. Should a compiler accept it, it moves to
// `Accepted`.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func split(_ ref: ProcessRef<Doc>, _ doc: sending Doc) {
  guard let child = doc.child else { return }
  doc.child = nil
  ref.send(child)
  print(doc.number)
}
