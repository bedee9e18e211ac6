// SPDX-License-Identifier: Apache-2.0
//
// A process cannot send what it keeps: the next request would send it again.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func serve(_ process: ProcessContext<ProcessRef<Doc>>) throws {
  let doc = Doc()
  while true { try process.receive().send(doc) }
}
