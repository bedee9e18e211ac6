// SPDX-License-Identifier: Apache-2.0
//
// A process cannot send what it keeps: it would send it again at the next request.
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
