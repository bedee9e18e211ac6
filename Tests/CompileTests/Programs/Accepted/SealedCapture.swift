// SPDX-License-Identifier: Apache-2.0
//
// What a body captures and sends on travels in a `Sealed`.

import Joist

final class Page { var text = "" }

func move(_ runtime: ProcessRuntime, _ shelf: ProcessRef<Page>) {
  let page = Page()
  page.text = "sealed"
  let sealed = Sealed(page)
  runtime.spawn { _ in
    if let page = sealed.openIfFull() { shelf.send(page) }
  }
}
