// SPDX-License-Identifier: Apache-2.0
//
// What was moved into a call cannot be used afterwards.
// error: risks causing data races

import Joist

final class Page {
  var text = ""
}

func ask(_ process: ProcessContext<Never>, _ server: ProcessRef<(Page, ReplyTo<Int>)>) throws {
  let page = Page()
  let count: Int = try process.call(server, moving: page) { ($0, $1) }
  page.text = "\(count)"
}
