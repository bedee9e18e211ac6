// SPDX-License-Identifier: Apache-2.0
//
// How far a selective receive has looked.
// SE1. A message that did not fit is not looked at again by the same receive, however often that waits. Urgent messages
//      that come meanwhile are put before those that were passed over, and are looked at first.
// SE2. The owner of a bounded mailbox may throw messages away while it waits; then all are looked at again.

/// A place in the mailbox.
@usableFromInline
struct Selection {
  /// The last urgent message that was passed over, and the last other one.
  private var urgent: Handle<MessageNode>?
  private var other: Handle<MessageNode>?
  /// What lies before the present candidate.
  private(set) var before: Handle<MessageNode>?
  /// Messages thrown away when this began (SE2).
  private var trims: Int

  @usableFromInline
  init(_ process: Handle<ProcessRecord>) { trims = process.trimCount }

  /// The next candidate; nil when all that are there were passed over.
  mutating func next(in process: Handle<ProcessRecord>) -> Handle<MessageNode>? {
    if trims != process.trimCount { self = Selection(process) }
    let mailbox = process.it.mailbox
    if mailbox.lastUrgent != urgent {
      before = urgent
      return urgent == nil ? mailbox.first : urgent!.it.next
    }
    before = other ?? urgent
    return before == nil ? mailbox.first : before!.it.next
  }

  /// The candidate does not fit (SE1).
  @usableFromInline
  mutating func passOver(_ node: Handle<MessageNode>) {
    if node.it.isUrgent { urgent = node } else { other = node }
  }
}
