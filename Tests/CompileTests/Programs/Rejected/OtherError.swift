// SPDX-License-Identifier: Apache-2.0
//
// A body that declares that it throws only `ProcessExit` cannot throw another error.
// error: thrown expression type 'Refused' cannot be converted to error type 'ProcessExit'

import Joist

struct Refused: Error {}

func serve(_ process: ProcessContext<Int>) throws(ProcessExit) {
  if try process.receive() == 0 { throw Refused() }
}
