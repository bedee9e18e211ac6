// SPDX-License-Identifier: Apache-2.0
//
// Mutations: mistakes put into the runtime on purpose, to test that simulated runs find them.

import Joist

/// A mistake in the runtime itself.
package enum Mutation: String, CaseIterable, Sendable {
  /// One wake-up of a sleeping thread is lost.
  case lostWake = "a lost wake-up"
  /// Two messages of a mailbox are swapped.
  case swappedMessages = "two messages swapped"
  /// Queued processes do not age.
  case forgottenAgeing = "ageing forgotten"
  /// A record is freed twice.
  case doubleFree = "a record freed twice"
}

extension Simulation {
  /// Plants a mutation.
  ///
  /// The mistake happens once, after `chances` occasions at which it did not; forgotten ageing starts at once.
  package func plant(_ mutation: Mutation, after chances: Int) {
    var left = chances
    switch mutation {
    case .lostWake: platform.wakesBeforeLoss = chances
    case .forgottenAgeing: runtime.forgetAgeing()
    case .swappedMessages:
      afterEachStep { [runtime] in if left >= 0, runtime.swapMessages(ifChances: left) { left -= 1 } }
    case .doubleFree:
      afterEachStep { [runtime] in if left >= 0, runtime.freeTwice(ifChances: left) { left -= 1 } }
    }
  }
}
