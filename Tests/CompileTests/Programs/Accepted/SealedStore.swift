// SPDX-License-Identifier: Apache-2.0
//
// A process's dictionary holds pages in `Disconnected`, so that the process can send one on.

import Joist

final class Page { var text = "" }

enum Shelf {
  case put(String, Page)
  case take(String, ProcessRef<Page?>)
  case swap(String, Page, ProcessRef<Page?>)
  case clear
}

func keep(_ process: ProcessContext<Shelf>) throws {
  var pages: [String: Disconnected<Page>] = [:]
  while true {
    switch try process.receive() {
    case .put(let name, let page): pages[name] = Disconnected(page)
    case .take(let name, let taker): taker.send(pages.removeValue(forKey: name).map { $0.open() })
    case .swap(let name, let page, let taker):
      let old = pages.updateValue(Disconnected(page), forKey: name)
      if let old { taker.send(old.open()) } else { taker.send(nil) }
    case .clear: pages = [:]
    }
  }
}
