// SPDX-License-Identifier: Apache-2.0
//
// A predicate that inspects messages in the mailbox cannot keep one in a variable.
// error: capture of 'kept' with non-Sendable type 'Doc?' in a '@Sendable' closure
// error: mutation of captured var 'kept' in concurrently-executing code

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func select(_ process: ProcessContext<Doc>) throws {
  var kept: Doc?
  _ = try process.receive(where: {
    kept = $0
    return true
  })
  print(kept as Any)
}
