// SPDX-License-Identifier: Apache-2.0
//
// A message that cannot be copied cannot be selected: a predicate would have to be given it.
// error: 'Copyable'

import Joist

struct File: ~Copyable { let number: Int32 }

func select(_ process: ProcessContext<File>) throws { _ = try process.receive(where: { _ in true }) }
