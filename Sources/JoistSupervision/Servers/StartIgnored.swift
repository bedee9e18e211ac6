// SPDX-License-Identifier: Apache-2.0
//
// A start that is not wanted, such as that of a service which the program's configuration turns off.

import Joist

/// The error that a server throws from `start` to say that it is not needed.
///
/// Its process ends in an orderly way. A supervisor goes on with the next child; it keeps the child without a process,
/// as one that has ended for good, and forgets it if it is temporary or the supervisor is dynamic.
public struct StartIgnored: Error, CustomStringConvertible {
  /// Makes the error.
  public init() {}

  /// The reason in a few words.
  public var description: String { "not needed" }
}

extension ExitReason {
  /// Whether a server has said that it is not needed.
  var isIgnoredStart: Bool {
    if case .shutdownBecause(let error) = self { error is StartIgnored } else { false }
  }
}

extension ProcessContext {
  /// Runs what starts a server, and ends the process in an orderly way if the server is not needed.
  func startUnlessIgnored<Result>(_ body: () throws -> sending Result) throws -> sending Result {
    do { return try body() } catch let ignored as StartIgnored { try exit(.shutdownBecause(ignored)) }
  }
}
