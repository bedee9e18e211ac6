// SPDX-License-Identifier: Apache-2.0
//
// In top-level code the compiler chooses the blocking overload, although the call is awaited.
// error: instance method 'waitUntilIdle' is unavailable from asynchronous contexts; use `await runtime.waitUntilIdle()`
// error: instance method 'start' is unavailable from asynchronous contexts; use `try await start(on:)`
// error: instance method 'shutdown' is unavailable from asynchronous contexts; use

import Joist
import JoistSupervision

let runtime = try ProcessRuntime()
await runtime.waitUntilIdle()
try await Supervisor(.oneForOne) {}.start(on: runtime)
await runtime.shutdown()
