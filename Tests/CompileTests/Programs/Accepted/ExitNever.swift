// SPDX-License-Identifier: Apache-2.0
//
// `exit` returns `Never`: the code after it needs no value.

import Joist

func number(_ process: ProcessContext<Int>) throws(ProcessExit) -> Int {
  switch try process.receive() {
  case let number where number > 0: return number
  case 0: try process.exit()
  default: try process.exit(.shutdown)
  }
}
