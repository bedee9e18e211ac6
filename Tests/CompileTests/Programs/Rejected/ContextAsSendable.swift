// SPDX-License-Identifier: Apache-2.0
//
// A context is not `Sendable`, and the compiler says what to pass instead.
// error: a process's context stays in its process; pass `process.ref` instead

import Joist

func share<Value: Sendable>(_ value: Value) {}

func pass(_ process: ProcessContext<Int>) { share(process) }
