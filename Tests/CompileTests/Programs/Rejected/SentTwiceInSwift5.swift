// SPDX-License-Identifier: Apache-2.0
//
// Swift 5 mode detects that a value is sent twice if it is told to check concurrency.
// options: -swift-version 5 -strict-concurrency=complete -warnings-as-errors
// error: sending 'page' risks causing data races

import Joist

final class Page { var text = "" }

func twice(_ ref: ProcessRef<Page>) {
  let page = Page()
  ref.send(page)
  ref.send(page)
}
