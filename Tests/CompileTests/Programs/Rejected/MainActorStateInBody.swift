// SPDX-License-Identifier: Apache-2.0
//
// A body runs on a scheduler: it cannot access state of the main actor.
// error: main actor-isolated property 'count' can not be mutated

import Joist

@MainActor final class Model {
  var count = 0

  func start(_ runtime: ProcessRuntime) {
    runtime.spawn { _ in self.count += 1 }
  }
}
