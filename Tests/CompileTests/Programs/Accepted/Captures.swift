// SPDX-License-Identifier: Apache-2.0
//
// What a body captures moves into its process, where it may be changed.

import Joist

final class Page { var links: [Page] = [] }

func move(_ runtime: ProcessRuntime) throws {
  let root = Page()
  root.links.append(Page())
  runtime.spawn { _ in root.links.append(Page()) }
  let other = Page()
  try runtime.trySpawn(Int.self) { process in
    while case 1... = try process.receive() { other.links.append(Page()) }
  }
  var limit = 3
  limit += 1
  runtime.spawn { [limit] _ in print(limit) }
  limit += 1
}
