// SPDX-License-Identifier: Apache-2.0
//
// A context stays in its process: it cannot be passed to an actor.
// error: sending 'process' risks causing data races

import Joist

actor Thief { func take(_ process: ProcessContext<Int>) {} }

func pass(_ process: ProcessContext<Int>, _ thief: Thief) async { await thief.take(process) }
