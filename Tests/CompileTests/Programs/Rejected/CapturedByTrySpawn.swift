// SPDX-License-Identifier: Apache-2.0
//
// What a body captures is its alone, whether the process could be made or not.
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
