// SPDX-License-Identifier: Apache-2.0
//
// Swift 5 does not check that a `Sendable` type has no references, so a trace cannot name one there.
// options: -swift-version 5
// error: 'visit' is unavailable
// error: 'skip' is unavailable

import Joist

struct Hoard { var ref: HeapRef<Int> }

struct State: HeapTraceable {
  var hoard: Hoard
  let constant: HeapRef<Int>

  mutating func trace(_ tracer: inout HeapTracer) {
    tracer.visit(&hoard)
    tracer.skip(constant)
  }
}
