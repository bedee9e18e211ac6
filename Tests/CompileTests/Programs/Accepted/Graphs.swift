// SPDX-License-Identifier: Apache-2.0
//
// A graph of objects is built, sent, changed by the receiver and sent on.

import Joist

final class Page {
  var text = ""
  var links: [Page] = []
}

func edit(_ runtime: ProcessRuntime, _ printer: ProcessRef<Page>) {
  let editor = runtime.spawn(Page.self) { process in
    while true {
      let page = try process.receive()
      page.text += "."
      page.links.append(Page())
      printer.send(page)
    }
  }
  let page = Page()
  page.links = [Page(), Page()]
  page.text = "moved"
  editor.send(page)
}
