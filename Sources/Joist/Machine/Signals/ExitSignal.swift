// SPDX-License-Identifier: Apache-2.0
//
// What a process that traps exit signals is told.

/// What a trapped exit signal tells.
public struct ExitSignal: Sendable {
  /// Who sent it, by ending or by `exit(_:)`; nil for a thread that is no process.
  public let process: ProcessID?
  /// Why.
  public let reason: ExitReason
  /// The process whose end was the first of the chain of links that this signal came over; nil if it came over none.
  let origin: ProcessID?
}

extension ExitSignal: CustomStringConvertible {
  /// As in `exit signal from #123.4: shutdown`.
  public var description: String { "exit signal from \(process.map { "\($0)" } ?? "a thread"): \(reason)" }
}
