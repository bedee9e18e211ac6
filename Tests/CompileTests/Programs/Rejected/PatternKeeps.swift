// SPDX-License-Identifier: Apache-2.0
//
// A pattern cannot keep the message that it extracts from.
// error: in a '@Sendable' closure

import Joist

final class Doc { var number = 0 }

final class Box { var doc: Doc? }

func select(_ process: ProcessContext<Doc>) throws {
  let box = Box()
  let doc: Doc = try process.receive(matching: {
    box.doc = $0
    return $0
  })
  print(doc)
}
