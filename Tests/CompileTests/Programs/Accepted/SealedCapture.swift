// SPDX-License-Identifier: Apache-2.0
//
// What a body captures and sends on is in a `Disconnected`.

import Joist

final class Page { var text = "" }

func move(_ runtime: ProcessRuntime, _ shelf: ProcessRef<Page>) {
  let page = Page()
  page.text = "sealed"
  let sealed = Disconnected(page)
  runtime.spawn { _ in
    if let page = sealed.openIfFull() { shelf.send(page) }
  }
}
