// SPDX-License-Identifier: Apache-2.0
//
// Doors for tests of the lock-free code by itself: the words that threads share, without a runtime around them.

extension Inbox {
  package init(forTests: Void) { self.init() }

  /// Pushes a message; true when the caller has the process then.
  package func pushMessage(_ node: Handle<MessageNode>) -> Bool { push(node) }
  /// Parks; false when a message is there.
  package func parkForMail() -> Bool { park(mailWakes: true) }
  package func parkForSignals() { _ = park(mailWakes: false) }
  /// Takes a parked process.
  package func claimParked() -> Bool { claim() }
  /// Closes it, for what comes before it is opened; false when something has come.
  package func closeForTrim() -> Bool { close() }
  package func openAfterTrim() { open() }
  package var isEmptyAtRest: Bool { newestAtRest == nil }
  /// All messages, the newest first.
  package func takeMessages() -> [Handle<MessageNode>] {
    var nodes: [Handle<MessageNode>] = []
    var next = takeAll()
    while let node = next {
      nodes.append(node)
      next = node.it.next
    }
    return nodes
  }
}

extension Signals {
  package init(forTests: Void) { self.init() }
  package func raiseWoken() { raise(.woken) }
  package var isWoken: Bool { current.contains(.woken) }
}

extension WaitWord {
  package init(forTests: Void) { self.init() }
  package var seenNow: UInt32 { seen }
  package func signalOne(_ platform: any Platform) { signal(platform) }
}

extension OwnedLock {
  package init(forTests: Void) { self.init() }
}

/// A node for tests, which nobody sends.
package func looseNode(number: Int) -> Handle<MessageNode> {
  let delivery = Delivery.begin(Int.self)
  delivery.put(number)
  return delivery.node
}

extension Handle<MessageNode> {
  /// What a node for tests was made with.
  package var looseNumber: Int { payload(as: Int.self).it }
}
