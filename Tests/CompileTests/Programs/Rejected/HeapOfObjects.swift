// SPDX-License-Identifier: Apache-2.0
//
// What is on a heap has no references that are counted.
// error: instance method 'allocate' requires that 'Doc' conform to 'BitwiseCopyable'

import Joist

final class Doc {}

func keep(_ process: ProcessContext<Never>) throws {
  _ = try process.heap.allocate(Doc())
}
