// SPDX-License-Identifier: Apache-2.0
//
// `ref.call` is for `async` code; a body asks with `process.call`.
// error: 'async' call in a function that does not support concurrency

import Joist

func serve(_ process: ProcessContext<Never>, _ server: ProcessRef<ReplyTo<Int>>) throws {
  print(try server.call { $0 })
}
