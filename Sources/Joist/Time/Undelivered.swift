// SPDX-License-Identifier: Apache-2.0
//
// What timers could not deliver, and the process that destroys it (TM4).

/// Messages that are to be destroyed.
struct Undelivered {
  private var first: Handle<MessageNode>?

  var isEmpty: Bool { first == nil }

  /// One more.
  mutating func add(_ node: Handle<MessageNode>) {
    node.it.next = first
    first = node
  }

  fileprivate mutating func removeFirst() -> Handle<MessageNode>? {
    guard let node = first else { return nil }
    first = node.it.next
    return node
  }
}

extension Handle<RuntimeCore> {
  /// Makes a process that finds all that in its inbox, and nothing else to do.
  ///
  /// Where none can be made it is destroyed here.
  func destroyElsewhere(_ undelivered: consuming Undelivered) {
    var undelivered = undelivered
    _ = try? spawn(SpawnRequest(.init()) { (_: ProcessContext<Never>) in }) { process in
      while let node = undelivered.removeFirst() {
        node.it.kind = .remains
        node.it.generation = process.it.identity.generation
        _ = process.it.inbox.push(node)
      }
    }
    while let node = undelivered.removeFirst() { node.discard() }
  }
}
