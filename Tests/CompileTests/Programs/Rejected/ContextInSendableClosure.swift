// SPDX-License-Identifier: Apache-2.0
//
// A context stays in its process: no `@Sendable` closure captures it.
// error: capture of 'process' with non-Sendable type 'ProcessContext<Int>' in a '@Sendable' closure

import Joist

func look(_ process: ProcessContext<Int>) throws {
  let small: @Sendable (Int) -> Bool = { $0 < process.messageCount }
  _ = try process.receive(where: small)
}
