// SPDX-License-Identifier: Apache-2.0
//
// Tasks and the main actor wait for runtimes without holding their thread; synchronous code below them still may.

import Joist
import JoistSupervision

@MainActor func live(_ runtime: ProcessRuntime) async throws -> [ProcessID] {
  try await Supervisor(.oneForOne) {}.start(on: runtime)
  try await DynamicSupervisor().start(on: runtime)
  await runtime.waitUntilIdle()
  guard await runtime.waitUntilIdle(timeout: .seconds(1)) else { return [] }
  return await runtime.shutdown(deadline: .seconds(1))
}

func body(_ runtime: ProcessRuntime, _ semaphore: ProcessSemaphore, _ lock: ProcessLock<Int>) async {
  runtime.spawn { process in
    try semaphore.withPermit { lock.withLock { $0 += 1 } }
    try process.yield()
  }
  func synchronously() { runtime.waitUntilIdle() }
  synchronously()
}
