// SPDX-License-Identifier: Apache-2.0
//
// What a child captures no longer belongs to its parent, messages included.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func serve(_ process: ProcessContext<Doc>) throws {
  let doc = try process.receive()
  process.spawn { _ in doc.number += 1 }
  doc.number += 1
}
