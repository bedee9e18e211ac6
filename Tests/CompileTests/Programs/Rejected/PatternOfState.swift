// SPDX-License-Identifier: Apache-2.0
//
// A pattern cannot return what the process keeps as if it came from the message.
// error: in a '@Sendable' closure

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func select(_ process: ProcessContext<Int>, _ ref: ProcessRef<Doc>) throws {
  let doc = Doc()
  ref.send(try process.receive(matching: { _ in doc }))
  doc.number += 1
}
