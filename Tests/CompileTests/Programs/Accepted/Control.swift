// SPDX-License-Identifier: Apache-2.0
//
// The address of a process is enough to control the process and to read its state, from any thread.

import Joist

func control(_ ref: ProcessRef<Int>) -> Duration? {
  ref.suspend()
  ref.send(1)
  ref.resume()
  ref.exit()
  ref.exit(.killed)
  guard ref.isAlive, let info = ref.snapshot else { return nil }
  print(info.id, info.state, info.priority, info.suspends, info.waitReason as Any)
  return info.waitingFor
}
