// SPDX-License-Identifier: Apache-2.0
//
// A predicate that inspects messages in the mailbox cannot put one into a lock.
// error: cannot be task-isolated at end of function

import Joist
import Synchronization

final class Doc { var number = 0 }

let shared = Mutex<Doc?>(nil)

func select(_ process: ProcessContext<Doc>) throws {
  _ = try process.receive(where: { doc in
    shared.withLock { $0 = doc }
    return true
  })
}
