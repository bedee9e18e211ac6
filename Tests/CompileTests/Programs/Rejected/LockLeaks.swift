// SPDX-License-Identifier: Apache-2.0
//
// What a lock protects cannot leave the body of `withLock`.
// error: type 'Doc' does not conform to the 'Sendable' protocol

import Joist

final class Doc {
  var number = 0
}

func leak(_ lock: ProcessLock<Doc>) -> Doc { lock.withLock { $0 } }
