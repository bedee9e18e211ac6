// SPDX-License-Identifier: Apache-2.0
//
// The cost of each operation in reductions. A slice has 2,000 reductions by default. A process that has used them up
// goes to the back of its queue at its next suspension point; there is no time slice.
//
// | operation | reductions |
// | --- | --- |
// | `send` | 4, and 1 for each 8 messages that the receiver has not read, up to 250 |
// | `receive`, for each message examined | 2, and nothing more if it waits |
// | `spawn` | 40 |
// | `yield` | none, but the rest of the slice is lost |
// | `sleep`, `blocking`, `hibernate` | 10 |
// | a wait for a result: a reply, a permit, a lock, space in a mailbox, the end of a process | 10 |
// | `waitReadable`, `waitWritable` | 10, and 10 if they wait |
// | `suspend`, `resume`, `exit`, `setPriority`, `info` of another process | 4 |
// | arming or cancelling a timer | 20 |
// | `reduce(n)` | n |
// | a message destroyed by `flush` | 1 |
// | growing a private heap | 1 for each 64 bytes added |
// | a collection | 20, 1 for each 64 bytes that were young, and 1 for each 4 bytes that survive |
// | copying or adopting a graph of a private heap | 20, and 1 for each 4 bytes |
//
// One reduction is roughly the cost of a call of a small function: 1 to 2 ns.

/// The costs of the table above.
enum Cost {
  /// The maximum charge at once, and the maximum debt of a process.
  static let most: Int32 = 1 << 30
  static let send: Int32 = 4
  /// Returns the extra cost of sending to a receiver with unread messages.
  ///
  /// It keeps a crowd of senders from running far ahead of their receiver, so that the receiver's messages stay in the
  /// cache.
  @inline(__always)
  static func crowd(_ unread: Int) -> Int32 { Int32(truncatingIfNeeded: min(unread >> 3, 250)) }
  static let lookAtMessage: Int32 = 2
  static let spawn: Int32 = 40
  static let park: Int32 = 10
  static let signal: Int32 = 4
  static let arm: Int32 = 20
  static let destroyMessage: Int32 = 1
  static func grow(_ bytes: Int) -> Int32 { Int32(clamping: bytes >> 6) }
  static func copy(_ bytes: UInt) -> Int32 { Int32(clamping: 20 + bytes >> 2) }
  static func collect(used: UInt, survived: UInt) -> Int32 { Int32(clamping: 20 + used >> 6 + survived >> 2) }
}
