// SPDX-License-Identifier: Apache-2.0
//
// Who promises to throw only the exit throws nothing else.
// error: thrown expression type 'Refused' cannot be converted to error type 'ProcessExit'

import Joist

struct Refused: Error {}

func serve(_ process: ProcessContext<Int>) throws(ProcessExit) {
  if try process.receive() == 0 { throw Refused() }
}
