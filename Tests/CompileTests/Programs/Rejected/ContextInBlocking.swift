// SPDX-License-Identifier: Apache-2.0
//
// No call of a context is allowed in what `blocking` runs on another thread.
// error: risks causing data races

import Joist

func wait(_ process: ProcessContext<Int>) {
  process.blocking { print(process.messageCount) }
}
