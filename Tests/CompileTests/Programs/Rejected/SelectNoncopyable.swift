// SPDX-License-Identifier: Apache-2.0
//
// A noncopyable message cannot be selected: it would have to be passed to the predicate.
// error: 'Copyable'

import Joist

struct File: ~Copyable { let number: Int32 }

func select(_ process: ProcessContext<File>) throws { _ = try process.receive(where: { _ in true }) }
