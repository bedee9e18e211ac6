// SPDX-License-Identifier: Apache-2.0
//
// A body runs on a scheduler even in a module whose code is the main actor's by default.
// options: -default-isolation MainActor

import Joist

enum Counter {
  case add(Int)
  case show
}

nonisolated final class Page { var text = "" }

func count(_ runtime: ProcessRuntime, _ shelf: ProcessRef<Page>) -> ProcessRef<Counter> {
  shelf.send(Page())
  return runtime.spawn(Counter.self) { process in
    var total = 0
    while true {
      switch try process.receive() {
      case .add(let number): total += number
      case .show:
        let page = Page()
        page.text = "\(total)"
        shelf.send(page)
      }
    }
  }
}
