// SPDX-License-Identifier: Apache-2.0
//
// A right program that the compiler refuses: `map` opens what is optional. Should a compiler accept it, it moves to
// `Accepted`.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func serve(_ process: ProcessContext<Disconnected<Doc>>, _ ref: ProcessRef<Doc?>) throws {
  while true { ref.send(try process.receive(timeout: .seconds(1))?.open()) }
}
