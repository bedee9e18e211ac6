// SPDX-License-Identifier: Apache-2.0
//
// A correct program that the compiler rejects: a region cannot be split. If a compiler ever accepts it, it moves to
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
