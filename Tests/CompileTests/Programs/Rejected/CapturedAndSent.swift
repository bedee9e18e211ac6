// SPDX-License-Identifier: Apache-2.0
//
// A right program that the compiler refuses: what is captured and sent on is to be `Disconnected`. Should a compiler
// accept
// it, it moves to `Accepted`.
// error: risks causing data races

import Joist

final class Doc {
  var number = 0
  var child: Doc?
}

func start(_ runtime: ProcessRuntime, _ ref: ProcessRef<Doc>) {
  let doc = Doc()
  runtime.spawn { _ in ref.send(doc) }
}
