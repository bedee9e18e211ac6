// SPDX-License-Identifier: Apache-2.0
//
// What a process that traps exit signals receives.

/// An exit signal that a process has trapped.
public struct ExitSignal: Sendable {
  /// The process that sent it, by ending or by ``ProcessRef/exit(_:)``; nil if a thread sent it.
  public let process: ProcessID?
  /// The reason of the exit.
  public let reason: ExitReason
  /// The process whose end was the first in the chain of links that the signal came over; nil if it came over none.
  let origin: ProcessID?
}

extension ExitSignal: CustomStringConvertible {
  /// The signal as text, such as `exit signal from #123.4: shutdown`.
  public var description: String { "exit signal from \(process.map { "\($0)" } ?? "a thread"): \(reason)" }
}
