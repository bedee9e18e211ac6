// SPDX-License-Identifier: Apache-2.0
//
// A body runs on a scheduler: it cannot access a top-level variable.
// error: main actor-isolated var 'count' can not be mutated

import Joist

var count = 0
let runtime = try ProcessRuntime()
runtime.spawn { _ in count += 1 }
