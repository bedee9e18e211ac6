// SPDX-License-Identifier: Apache-2.0
//
// A correct program that the compiler rejects: the optional has to be unwrapped by `map`. If a compiler ever accepts
// it, it moves to `Accepted`.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func serve(_ process: ProcessContext<Disconnected<Doc>>, _ ref: ProcessRef<Doc?>) throws {
  while true { ref.send(try process.receive(timeout: .seconds(1))?.open()) }
}
