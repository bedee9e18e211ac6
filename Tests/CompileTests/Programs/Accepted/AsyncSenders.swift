// SPDX-License-Identifier: Apache-2.0
//
// Actors, tasks and the main actor spawn processes, and send them what they do not share.

import Joist

final class Page { var text = "" }

@MainActor final class Model {
  var count = 0

  func open(_ runtime: ProcessRuntime, _ shelf: ProcessRef<Page>) {
    count += 1
    let page = Page()
    page.text = "\(count)"
    shelf.send(page)
    runtime.spawn { [count] process in
      try process.reduce(count)
      shelf.send(Page())
    }
  }
}

actor Cache {
  func fill(_ shelf: ProcessRef<Page>) { shelf.send(Page()) }
}

func fill(_ runtime: ProcessRuntime, _ shelf: ProcessRef<Page>) async {
  let page = Page()
  await Task.yield()
  shelf.send(page)
  Task { shelf.send(Page()) }
  runtime.spawn { _ in shelf.send(Page()) }
}
