// SPDX-License-Identifier: Apache-2.0
//
// A body owns what it captures, whether the process could be spawned or not.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func start(_ runtime: ProcessRuntime) throws {
  let doc = Doc()
  try runtime.trySpawn(Int.self) { _ in doc.number += 1 }
  doc.number += 1
}
