// SPDX-License-Identifier: Apache-2.0
//
// A value that was taken out of a `Disconnected` can be sent once, like any other.
// error: sending 'doc' risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func send(_ sealed: Disconnected<Doc>, _ ref: ProcessRef<Doc>) {
  let doc = sealed.open()
  ref.send(doc)
  ref.send(doc)
}
