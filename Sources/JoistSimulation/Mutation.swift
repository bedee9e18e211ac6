// SPDX-License-Identifier: Apache-2.0
//
// Faults that the runtime must not have, planted in a simulation to see that they are found.

import Joist

/// A fault of the runtime itself.
package enum Mutation: String, CaseIterable, Sendable {
  /// One wake-up of a sleeping thread is lost.
  case lostWake = "a lost wake-up"
  /// Two messages of a mailbox change places.
  case swappedMessages = "two messages swapped"
  /// What waits in a queue does not age.
  case forgottenAgeing = "ageing forgotten"
  /// A record is freed twice.
  case doubleFree = "a record freed twice"
}

extension Simulation {
  /// Plants a fault, after so many chances to have it happen.
  package func plant(_ mutation: Mutation, after chances: Int) {
    var left = chances
    switch mutation {
    case .lostWake: platform.wakesBeforeALostOne = chances
    case .forgottenAgeing: runtime.forgetAgeing()
    case .swappedMessages:
      afterEachStep { [runtime] in if left >= 0, runtime.swapMessages(ifChances: left) { left -= 1 } }
    case .doubleFree:
      afterEachStep { [runtime] in if left >= 0, runtime.freeTwice(ifChances: left) { left -= 1 } }
    }
  }
}
