// SPDX-License-Identifier: Apache-2.0
//
// Calls and replies, also with graphs, from processes, threads and tasks.

import Joist

final class Page {
  var text = ""
  var next: Page?
}

enum Mail {
  case count(ReplyTo<Int>)
  case swap(Page, ReplyTo<Page>)
  case done(ReplyTo<Void>)
}

func serve(_ process: ProcessContext<Mail>) throws {
  while true {
    switch try process.receive() {
    case .count(let reply): reply.send(1)
    case .swap(let page, let reply): reply.send(page)
    case .done(let reply): reply.send()
    }
  }
}

func ask(_ process: ProcessContext<Never>, _ server: ProcessRef<Mail>) throws {
  let count: Int = try process.call(server, timeout: .seconds(1)) { .count($0) }
  let page = Page()
  page.next = Page()
  let back = try process.call(server, moving: page) { .swap($0, $1) }
  back.text = "\(count)"
  try process.call(server) { .done($0) }
}

func ask(_ server: ProcessRef<Mail>) throws {
  let count: Int = try server.callBlocking { .count($0) }
  print(count)
}

func ask(_ server: ProcessRef<Mail>) async throws {
  let count: Int = try await server.call(timeout: .seconds(1)) { .count($0) }
  print(count)
}
