// SPDX-License-Identifier: Apache-2.0
//
// `receive(where:)` takes a predicate that captures `Sendable` values; it captures a variable through a capture list.

import Joist

enum Mail {
  case number(Int)
  case text(String)
}

func select(_ process: ProcessContext<Mail>, _ other: ProcessRef<Mail>) throws {
  let wanted = 3
  other.send(try process.receive(where: { if case .number(let number) = $0 { number == wanted } else { false } }))
  var seen: Set<Int> = []
  while let mail = try process.receive(
    where: { [seen] in if case .number(let number) = $0 { !seen.contains(number) } else { false } },
    timeout: .milliseconds(5)
  ) {
    if case .number(let number) = mail { seen.insert(number) }
    other.send(mail)
  }
}
