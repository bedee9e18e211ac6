// SPDX-License-Identifier: Apache-2.0
//
// Nothing can be sent to a process without a mailbox.
// error: cannot convert value of type 'Int' to expected argument type 'Never'

import Joist

func send(_ runtime: ProcessRuntime) {
  let ref = runtime.spawn { process in try process.yield() }
  ref.send(1)
}
