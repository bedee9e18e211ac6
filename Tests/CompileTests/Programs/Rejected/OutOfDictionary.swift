// SPDX-License-Identifier: Apache-2.0
//
// A correct program that the compiler rejects: the dictionary has to hold `Disconnected` values. If a compiler ever
// accepts it, it moves to `Accepted`.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func serve(_ process: ProcessContext<ProcessRef<Doc?>>) throws {
  var docs = ["a": Doc()]
  while true { try process.receive().send(docs.removeValue(forKey: "a")) }
}
