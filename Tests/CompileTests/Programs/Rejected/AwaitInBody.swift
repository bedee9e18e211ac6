// SPDX-License-Identifier: Apache-2.0
//
// A body is synchronous: it cannot await.
// error: cannot pass function of type '(ProcessContext<Never>) async throws -> ()'

import Joist

func start(_ runtime: ProcessRuntime, _ server: ProcessRef<ReplyTo<Int>>) {
  runtime.spawn { process in
    print(try await server.call { $0 })
  }
}
