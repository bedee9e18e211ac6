// SPDX-License-Identifier: Apache-2.0
//
// A context stays in its process: a closure that captured it cannot be sent.
// error: risks causing data races

import Joist

func pass(_ process: ProcessContext<Int>, _ other: ProcessRef<() -> Void>) {
  other.send { try? process.yield() }
}
