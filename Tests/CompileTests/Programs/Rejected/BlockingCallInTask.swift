// SPDX-License-Identifier: Apache-2.0
//
// Asynchronous code cannot hold its thread while it waits for a reply.
// error: is unavailable from asynchronous contexts; use `await ref.call`, which does not hold the thread

import Joist

func ask(_ server: ProcessRef<ReplyTo<Int>>) async throws -> Int { try server.callBlocking { $0 } }
