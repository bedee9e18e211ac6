// SPDX-License-Identifier: Apache-2.0
//
// A correct program that the compiler rejects: what is captured and sent on has to be in a `Disconnected`. If a
// compiler ever accepts it, it moves to `Accepted`.
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
