// SPDX-License-Identifier: Apache-2.0
//
// `peek` does not return the whole message unless it is `Sendable`.
// error: 'Sendable'

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func look(_ process: ProcessContext<Doc>) -> Int { process.peek()?.number ?? 0 }
