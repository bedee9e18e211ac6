// SPDX-License-Identifier: Apache-2.0
//
// A blocking closure runs on another thread: it cannot capture what the process keeps.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func save(_ process: ProcessContext<Int>, _ doc: Doc) {
  process.blocking { doc.number += 1 }
}
