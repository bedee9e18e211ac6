// SPDX-License-Identifier: Apache-2.0
//
// A value on a heap cannot contain counted references.
// error: instance method 'allocate' requires that 'Doc' conform to 'BitwiseCopyable'

import Joist

final class Doc {}

func keep(_ process: ProcessContext<Never>) throws {
  _ = try process.heap.allocate(Doc())
}
