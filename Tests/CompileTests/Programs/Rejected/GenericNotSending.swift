// SPDX-License-Identifier: Apache-2.0
//
// A generic function can send only what it gets as a `sending` parameter.
// error: sending 'message' risks causing data races

import Joist

func pass<Message>(_ ref: ProcessRef<Message>, _ message: Message) { ref.send(message) }
