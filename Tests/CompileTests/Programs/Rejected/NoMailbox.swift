// SPDX-License-Identifier: Apache-2.0
//
// A process without a mailbox cannot be sent anything.
// error: cannot convert value of type 'Int' to expected argument type 'Never'

import Joist

func send(_ runtime: ProcessRuntime) {
  let ref = runtime.spawn { process in try process.yield() }
  ref.send(1)
}
