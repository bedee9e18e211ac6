// SPDX-License-Identifier: Apache-2.0
//
// Asynchronous code waits for a runtime, and for the start of a supervisor, with `await`.
// error: expression is 'async' but is not marked with 'await'
// error: expression is 'async' but is not marked with 'await'
// error: expression is 'async' but is not marked with 'await'
// error: expression is 'async' but is not marked with 'await'
// error: expression is 'async' but is not marked with 'await'

import Joist
import JoistSupervision

func waits(_ runtime: ProcessRuntime) async throws {
  runtime.waitUntilIdle()
  _ = runtime.waitUntilIdle(timeout: .seconds(1))
  runtime.shutdown()
  try Supervisor(.oneForOne) {}.start(on: runtime)
  try DynamicSupervisor().start(on: runtime)
}
