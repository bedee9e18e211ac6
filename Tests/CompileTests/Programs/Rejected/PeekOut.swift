// SPDX-License-Identifier: Apache-2.0
//
// `peek` returns only what is `Sendable`.
// error: does not conform to the 'Sendable' protocol

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func look(_ process: ProcessContext<Doc>) -> Int { process.peek { $0 }?.number ?? 0 }
