// SPDX-License-Identifier: Apache-2.0
//
// A predicate that inspects messages in the mailbox cannot send one.
// error: sending '$0' risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func select(_ process: ProcessContext<Doc>, _ ref: ProcessRef<Doc>) throws {
  _ = try process.receive(where: {
    ref.send($0)
    return true
  })
}
