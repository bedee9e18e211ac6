// SPDX-License-Identifier: Apache-2.0
//
// `trySpawn` has no form without a type.
// error: missing argument for parameter #1 in call

import Joist

func start(_ runtime: ProcessRuntime) throws {
  let options = SpawnOptions(name: "clock")
  try runtime.trySpawn(options: options) { (process: ProcessContext<Never>) in
    try process.sleep(for: .seconds(1))
  }
}
