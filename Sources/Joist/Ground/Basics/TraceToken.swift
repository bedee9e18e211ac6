// SPDX-License-Identifier: Apache-2.0
//
// The number by which one request is followed through all the processes that work for it.

/// A number that follows one request through processes.
///
/// A process that has a token gives it to each message that it sends, with calls and messages for later among them, and
/// to each process that it spawns. A process that receives a message has that message's token from then on, or none if
/// the message has none. A recording says which process had which token when, so `joist trace --token` shows what was
/// done for one request.
///
/// Programs that do not use tokens pay next to nothing for them: a message has a place for one only if it carries one.
public struct TraceToken: Sendable, Hashable {
  /// The number, from 1 to 2⁵⁹ − 1.
  public let number: UInt64

  /// Makes a token of a number, such as the lower bits of a trace's identity; nil if its lower 59 bits are zero.
  ///
  /// - Parameter number: The number, whose upper five bits are ignored.
  public init?(_ number: UInt64) {
    self.number = number & (1 << 59 - 1)
    if self.number == 0 { return nil }
  }
}

extension TraceToken: LosslessStringConvertible {
  /// Makes a token of hexadecimal digits, as ``description`` has them.
  ///
  /// - Parameter description: The digits of a number from 1 to 2⁵⁹ − 1; anything else gives nil.
  public init?(_ description: String) {
    guard let number = UInt64(description, radix: 16), let token = TraceToken(number), token.number == number else {
      return nil
    }
    self = token
  }

  /// The number in hexadecimal digits.
  public var description: String { String(number, radix: 16) }
}
