// SPDX-License-Identifier: Apache-2.0
//
// A repeating timer makes a new message each time: it cannot send the same one.
// error: capture of 'doc' with non-Sendable type 'Doc'

import Joist

final class Doc {
  var number = 0
}

func tick(_ process: ProcessContext<Doc>) {
  let doc = Doc()
  process.sendEvery(.seconds(1), to: process.ref) { doc }
}
