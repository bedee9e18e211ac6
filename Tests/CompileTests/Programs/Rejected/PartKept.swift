// SPDX-License-Identifier: Apache-2.0
//
// A message is one region: a process that sends the whole cannot keep a part of it.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func pass(_ process: ProcessContext<Doc>, _ ref: ProcessRef<Doc>) throws {
  let doc = try process.receive()
  let child = doc.child
  ref.send(doc)
  print(child?.number as Any)
}
