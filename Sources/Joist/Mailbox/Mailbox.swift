// SPDX-License-Identifier: Apache-2.0
//
// The owner's side of the mail: messages in the order in which they came, touched by nobody but who has the process.

import Synchronization

/// Messages that were taken out of the inbox, oldest first.
struct Mailbox {
  private(set) var first: Handle<MessageNode>?
  private var last: Handle<MessageNode>?
  /// How many there are.
  private(set) var count: UInt32 = 0

  /// Puts one at the end.
  mutating func append(_ node: Handle<MessageNode>) {
    node.it.next = nil
    if let last { last.it.next = node } else { first = node }
    last = node
    count += 1
  }

  /// Takes the first one.
  @inline(__always)
  mutating func removeFirst() -> Handle<MessageNode>? {
    guard let node = first else { return nil }
    first = node.it.next
    if first == nil { last = nil }
    count -= 1
    return node
  }

  /// Takes the one behind `before`, or the first.
  mutating func remove(after before: Handle<MessageNode>?) -> Handle<MessageNode>? {
    guard let before else { return removeFirst() }
    guard let node = before.it.next else { return nil }
    before.it.next = node.it.next
    if node == last { last = before }
    count -= 1
    return node
  }
}

extension Handle<ProcessRecord> {
  /// The first message, when the mailbox is empty: the only one that has come is never put into it.
  @inline(__always)
  func takeNew() -> Handle<MessageNode>? {
    guard !it.inbox.isEmpty, let newest = it.inbox.takeAll() else { return nil }
    if newest.it.next == nil && newest.it.kind == .message
      && newest.it.generation == it.generation.load(ordering: .relaxed)
    {
      return newest
    }
    sort(newest)
    return it.flags.contains(.exiting) ? nil : it.mailbox.removeFirst()
  }

  /// Moves what has come from the inbox to the mailbox: in order, without what is for others (K2), and with signals
  /// taken in.
  ///
  /// Only who has the process, on the process's own stack: a discarded message runs its `deinit`.
  func collectMail() {
    guard !it.inbox.isEmpty, let newest = it.inbox.takeAll() else { return }
    sort(newest)
  }

  @inline(never)
  private func sort(_ newestFirst: Handle<MessageNode>) {
    var newest: Handle<MessageNode>? = newestFirst
    var oldest: Handle<MessageNode>?
    while let node = newest {
      newest = node.it.next
      node.it.next = oldest
      oldest = node
    }
    let generation = it.generation.load(ordering: .relaxed)
    while let node = oldest {
      oldest = node.it.next
      if node.it.generation != generation {
        if node.it.kind == .message { it.home.it.figures.messagesDropped.add() }
        node.discard()
      } else if node.it.kind == .exit {
        takeExit(node)
      } else {
        it.mailbox.append(node)
      }
    }
  }
}
