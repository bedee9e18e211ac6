// SPDX-License-Identifier: Apache-2.0
//
// A reference into a process's heap stays in that process.
// error: sending value of non-Sendable type

import Joist

func send(_ process: ProcessContext<Never>, _ other: ProcessRef<HeapRef<Int>>) throws {
  other.send(try process.heap.allocate(3))
}
