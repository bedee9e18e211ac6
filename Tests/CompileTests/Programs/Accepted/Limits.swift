// SPDX-License-Identifier: Apache-2.0
//
// `trySpawn` throws a `SpawnError` and nothing else.

import Joist

func spawn(_ runtime: ProcessRuntime) throws(SpawnError) -> ProcessRef<Int> {
  try runtime.trySpawn(Int.self) { process in try report(process) }
}

func report(_ process: ProcessContext<Int>) throws(ProcessExit) {
  do { try process.trySpawn(String.self) { _ in } } catch {
    switch error {
    case .processLimit(let limit), .memoryLimit(let limit): print(limit)
    case .shuttingDown, .noStack: print(error)
    case .name(let error): print(error)
    case .options(let error): print(error.field)
    }
  }
  try process.yield()
}
