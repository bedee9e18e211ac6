// SPDX-License-Identifier: Apache-2.0
//
// One graph cannot be sent to many processes.
// error: does not conform to the 'Sendable' protocol

import Joist

final class Doc {
  var number = 0
}

func spread(_ group: ProcessGroup<Doc>) { group.broadcast(Doc()) }
