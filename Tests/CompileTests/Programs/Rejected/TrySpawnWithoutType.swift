// SPDX-License-Identifier: Apache-2.0
//
// `trySpawn` has no form without a type.
// error: missing argument for parameter #1 in call
// error: generic parameter 'M' could not be inferred

import Joist

func start(_ runtime: ProcessRuntime) throws {
  try runtime.trySpawn(options: SpawnOptions(name: "clock")) { process in
    try process.sleep(for: .seconds(1))
  }
}
