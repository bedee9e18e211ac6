// SPDX-License-Identifier: Apache-2.0
//
// A generic function sends only what it was given as `sending`.
// error: sending 'message' risks causing data races

import Joist

func pass<Message>(_ ref: ProcessRef<Message>, _ message: Message) { ref.send(message) }
