// SPDX-License-Identifier: Apache-2.0
//
// A context stays in its process: it cannot be put into a `Disconnected`.
// error: sending 'process' risks causing data races

import Joist

func seal(_ process: ProcessContext<Int>) { _ = Disconnected(process) }
