// SPDX-License-Identifier: Apache-2.0
//
// A circle of processes that wait for each other, as a program is told of it.

/// Processes that wait for each other in a circle.
public struct Deadlock: Sendable {
  /// One process of the circle, and what it waits for.
  public struct Wait: Sendable {
    /// The process that waits.
    public let process: ProcessID
    /// The registered name of that process, if it has one.
    public let name: String?
    /// What it waits in: `call`, `join`, `send` or `turn`, which is the wait for a lock.
    public let reason: WaitReason
    /// The next process of the circle, which alone can end the wait.
    public let awaited: ProcessID
    /// How long it has waited.
    public let waitingFor: Duration
    /// Whether the wait has a timeout.
    public let hasTimeout: Bool
    /// The return addresses on its stack, innermost first; ``Trap/symbolicate(_:)`` names them.
    public let backtrace: [UInt]
  }

  /// The waits, from the process that closed the circle on.
  public let waits: [Wait]
  /// Whether none of them can end by itself.
  ///
  /// False if a wait has a timeout, or if a process of the circle has received a request and may have handed the
  /// address of its reply to a process outside, which may still reply.
  public let isCertain: Bool
}

extension Deadlock: CustomStringConvertible {
  /// The circle in one line.
  public var description: String {
    let words = waits.map { wait in
      "\(wait.name.map { "\($0) " } ?? "")\(wait.process) waits in \(wait.reason) for \(wait.awaited)"
    }
    return words.joined(separator: ", ")
  }
}
