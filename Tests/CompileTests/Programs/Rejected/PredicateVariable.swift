// SPDX-License-Identifier: Apache-2.0
//
// The price of safe predicates: they can read a variable only through a capture list.
// error: reference to captured var 'least' in concurrently-executing code

import Joist

func select(_ process: ProcessContext<Int>) throws {
  var least = 1
  least += 1
  _ = try process.receive(where: { $0 > least })
  least = 0
}
