// SPDX-License-Identifier: Apache-2.0
//
// A message is one region: a process that sends a part of it cannot keep the whole.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func pass(_ process: ProcessContext<Doc>, _ ref: ProcessRef<Doc>) throws {
  let doc = try process.receive()
  if let child = doc.child { ref.send(child) }
  print(doc.number)
}
