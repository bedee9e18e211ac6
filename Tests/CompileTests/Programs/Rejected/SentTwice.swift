// SPDX-License-Identifier: Apache-2.0
//
// What is sent belongs to one receiver: it cannot be sent again.
// error: sending 'doc' risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func send(_ first: ProcessRef<Doc>, _ second: ProcessRef<Doc>) {
  let doc = Doc()
  first.send(doc)
  second.send(doc)
}
