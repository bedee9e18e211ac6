// SPDX-License-Identifier: Apache-2.0
//
// What `blocking` captures is on another thread: what the process keeps cannot go there.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func save(_ process: ProcessContext<Int>, _ doc: Doc) {
  process.blocking { doc.number += 1 }
}
