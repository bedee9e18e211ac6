// SPDX-License-Identifier: Apache-2.0
//
// A context stays on the thread of its process: a blocking closure cannot use it.
// error: risks causing data races

import Joist

func wait(_ process: ProcessContext<Int>) {
  process.blocking { print(process.messageCount) }
}
