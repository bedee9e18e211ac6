// SPDX-License-Identifier: Apache-2.0
//
// The type of a process's messages, as a value that is compared and printed at run time.

/// The type of the messages that a process receives, without a generic parameter.
@usableFromInline
struct MessageType: Sendable {
  // Order: only compared for equality.
  let id: ObjectIdentifier
  let description: String

  /// Creates the value for processes that receive messages of this type.
  @usableFromInline
  init<Message: ~Copyable>(_ type: Message.Type) {
    // Order: types are only compared for equality.
    id = ObjectIdentifier(ProcessRef<Message>.self)
    let words = String(reflecting: ProcessRef<Message>.self)
    description = String(words.dropFirst(words.prefix { $0 != "<" }.count + 1).dropLast())
  }
}
