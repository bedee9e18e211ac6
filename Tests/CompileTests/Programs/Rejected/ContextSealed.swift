// SPDX-License-Identifier: Apache-2.0
//
// A context stays in its process: it cannot be sealed.
// error: sending 'process' risks causing data races

import Joist

func seal(_ process: ProcessContext<Int>) { _ = Disconnected(process) }
