// SPDX-License-Identifier: Apache-2.0
//
// A message that its receiver makes itself, on its own stack: what makes it is a user's code.

import Synchronization

/// Makes a message each time it is due.
struct MessageMaker {
  /// A node with a new message.
  let makeNode: @Sendable () -> Handle<MessageNode>

  /// The message, for that process.
  func make(for process: ProcessHandle) -> Handle<MessageNode> {
    let node = makeNode()
    node.it.generation = process.it.generation.load(ordering: .relaxed)
    return node
  }
}
