// SPDX-License-Identifier: Apache-2.0
//
// A heap stays in its process.
// error: passing closure as a 'sending' parameter risks causing data races

import Joist

func share(_ process: ProcessContext<Never>) {
  let heap = process.heap
  process.spawn { _ in _ = try heap.allocate(3) }
}
