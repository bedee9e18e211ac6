// SPDX-License-Identifier: Apache-2.0
//
// What costs how many reductions. A slice is 2,000 by default; at zero a process goes to the back of its queue at its
// next suspension point. There is no time slice.
//
// | what | reductions |
// | --- | --- |
// | `send` | 4, and 1 for each 8 messages that the receiver has not read, up to 250 |
// | `receive`, for each message looked at | 2 |
// | `spawn` | 40 |
// | `yield` | none, but the rest of the slice is lost |
// | `sleep`, `blocking`, a receive that waits | 10 |
// | `suspend`, `resume`, `exit`, `setPriority`, `info` of another process | 4 |
// | arming or cancelling a timer | 20 |
// | `reduce(n)` | n |
// | a message destroyed by `flush` | 1 |
// | a private heap that grows | 1 for each 64 bytes more |
// | a collection | 20, 1 for each 64 bytes that were young, and 1 for each 4 bytes that survive |
// | a graph on a private heap that is copied, or adopted | 20, and 1 for each 4 bytes |
//
// The unit is about what a call of a small function costs: 1 to 2 ns.

/// The table above.
enum Cost {
  /// The most that is charged at once, and the most that a process can owe.
  static let most: Int32 = 1 << 30
  static let send: Int32 = 4
  /// So a crowd of senders does not run far ahead of their receiver, and its mail stays in the cache.
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
