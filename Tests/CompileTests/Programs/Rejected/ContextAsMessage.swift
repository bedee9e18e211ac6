// SPDX-License-Identifier: Apache-2.0
//
// A context stays in its process: it cannot be sent.
// error: sending 'process' risks causing data races

import Joist

func pass(_ process: ProcessContext<Int>, _ other: ProcessRef<ProcessContext<Int>>) { other.send(process) }
