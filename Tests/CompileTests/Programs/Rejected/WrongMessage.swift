// SPDX-License-Identifier: Apache-2.0
//
// A mailbox has one type of messages: nothing else can be sent to it.
// error: cannot convert value of type 'String' to expected argument type 'Int'

import Joist

func send(_ ref: ProcessRef<Int>) { ref.send("one") }
