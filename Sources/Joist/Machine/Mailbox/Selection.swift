// SPDX-License-Identifier: Apache-2.0
//
// The position of a selective receive in the mailbox.
//
// A message that did not fit is not looked at again by the same receive, however often that parks. Urgent messages that
// come meanwhile lie before the other messages that were passed over, and are looked at first. The owner of a bounded
// mailbox may discard messages while it waits; then all messages are looked at again.

/// A position in the mailbox.
@usableFromInline
struct Selection {
  /// The last urgent message that was passed over, and below the last other one.
  private var urgent: Handle<MessageNode>?
  private var other: Handle<MessageNode>?
  /// The message before the present candidate; nil if the candidate is the first.
  private(set) var before: Handle<MessageNode>?
  /// The number of messages that the owner had discarded when the selection began.
  private var trims: Int

  @usableFromInline
  init(_ process: Handle<ProcessRecord>) { trims = process.trimCount }

  /// Returns the next candidate; nil if all messages that are there were passed over.
  mutating func next(in process: Handle<ProcessRecord>) -> Handle<MessageNode>? {
    if trims != process.trimCount { self = Selection(process) }
    if process.it.mailbox.lastUrgent != urgent {
      before = urgent
      return urgent == nil ? process.it.mailbox.first : urgent!.it.next
    }
    before = other ?? urgent
    return before == nil ? process.it.mailbox.first : before!.it.next
  }

  /// Passes over the candidate, because it does not fit.
  @usableFromInline
  mutating func passOver(_ node: Handle<MessageNode>) {
    if node.it.isUrgent { urgent = node } else { other = node }
  }
}
