// SPDX-License-Identifier: Apache-2.0
//
// Access for tests to the lock-free code by itself: the words that threads share, without a runtime around them.

extension Inbox {
  package init(forTests: Void) {
    self.init()
    begin()
  }

  /// Pushes a message; returns true if the caller then owns the process.
  package func pushMessage(_ node: Handle<MessageNode>) -> Bool {
    if case .claimed = push(node) { true } else { false }
  }
  /// Pushes a message unless the process has ended; returns whether it has.
  package func isRefused(_ node: Handle<MessageNode>) -> Bool { if case .refused = push(node) { true } else { false } }
  /// Ends the process; returns the number of messages that it took out.
  package func endProcess() -> Int { count(from: end()) }
  /// Parks; returns false if a message is there.
  package func parkForMail() -> Bool { park(mailWakes: true) }
  package func parkForSignals() { _ = park(mailWakes: false) }
  /// Claims a parked process.
  package func claimParked() -> Bool { claim() }
  package var isEmptyAtRest: Bool { newestAtRest == nil }
  /// Takes all messages, the newest first.
  package func takeMessages() -> [Handle<MessageNode>] {
    var nodes: [Handle<MessageNode>] = []
    var next = takeAll()
    while let node = next {
      nodes.append(node)
      next = node.it.next
    }
    return nodes
  }

  private func count(from newest: Handle<MessageNode>?) -> Int {
    var (count, next) = (0, newest)
    while let node = next {
      count += 1
      next = node.it.next
    }
    return count
  }
}

extension Signals {
  package init(forTests: Void) { self.init() }
  package func raiseWoken() { raise(.woken) }
  package var isWoken: Bool { ordered.contains(.woken) }
}

extension WaitWord {
  package init(forTests: Void) { self.init() }
  package var seenNow: UInt32 { seen }
  package func ringOnce(_ platform: any Platform) { ring(platform) }
}

extension OwnedLock {
  package init(forTests: Void) { self.init() }
}

/// Returns a node for tests, which has no sender.
package func looseNode(number: Int) -> Handle<MessageNode> {
  let delivery = Delivery.begin(Int.self)
  delivery.put(number)
  return delivery.node
}

extension Handle<MessageNode> {
  /// The number that a node for tests was made with.
  package var looseNumber: Int { payload(as: Int.self).it }
}
