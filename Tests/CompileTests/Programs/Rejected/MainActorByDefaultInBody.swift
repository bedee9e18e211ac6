// SPDX-License-Identifier: Apache-2.0
//
// If code belongs to the main actor by default, a body can use only what is declared `nonisolated`. Swift 5 mode checks
// that, too, if it is told to: its warnings are the errors of Swift 6.
// options: -default-isolation MainActor
// again with: -swift-version 5 -strict-concurrency=complete -warnings-as-errors
// error: call to main actor-isolated global function 'work' in a synchronous nonisolated context
// error: main actor-isolated property 'text' can not be mutated from a nonisolated context
// error: main actor-isolated property 'isLast' can not be referenced from a nonisolated context
// error: call to main actor-isolated instance method 'area()' in a synchronous nonisolated context
// error: main actor-isolated var 'total' can not be mutated from a nonisolated context

import Joist

enum Mail {
  case number(Int)
  var isLast: Bool { if case .number(0) = self { true } else { false } }
}

final class Page { var text = "" }

protocol Shape { func area() -> Int }

var total = 0

func work(_ process: ProcessContext<Mail>) throws {}

func start(_ runtime: ProcessRuntime, _ shape: sending any Shape & Sendable) {
  runtime.spawn(Mail.self) { process in
    try work(process)
    let page = Page()
    page.text = "a"
    if try process.receive().isLast { return }
    print(shape.area())
    total += 1
  }
}
