// SPDX-License-Identifier: Apache-2.0
//
// A wait may end with an exit, which a program cannot overlook.
// error: call can throw, but it is not marked with 'try'

import Joist

func serve(_ process: ProcessContext<Int>) -> Int { process.receive() }
