// SPDX-License-Identifier: Apache-2.0
//
// A right program that the compiler refuses: the dictionary is to hold `Disconnected`. Should a compiler accept it, it
// moves
// to `Accepted`.
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
