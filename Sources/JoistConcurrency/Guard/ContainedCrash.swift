// SPDX-License-Identifier: Apache-2.0
//
// The error that a contained crash of a task becomes.

public import Joist

/// A crash in code that ``Joist/ProcessRuntime/contain(within:late:isolation:_:)`` has run.
public struct ContainedCrash: Error {
  /// Why the process ended that ran the crashed job: `.trap` or `.stackOverflow`.
  public let reason: ExitReason

  /// What is known of the crash: message, signal and backtrace.
  public var trap: Trap? {
    switch reason {
    case .trap(let trap), .stackOverflow(let trap): trap
    default: nil
    }
  }
}

extension ContainedCrash: CustomStringConvertible {
  /// The crash in one line.
  public var description: String { "a task crashed: \(reason)" }
}
