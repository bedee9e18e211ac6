// SPDX-License-Identifier: Apache-2.0
//
// The reasons for which a process ends, and what its calls throw once it is told to exit.

/// Why a process ended.
///
/// `Sendable`, because `Error` is: it travels in any message.
public enum ExitReason: Sendable {
  /// Its body returned.
  case normal
  /// It was told to, in good order.
  case shutdown
  /// It was killed: no reason could refuse it.
  case killed
  /// There was no such process.
  case noProcess
  /// Its body threw.
  case error(any Error)
  /// It crashed: an index out of range, a nil unwrapped, an overflow, `fatalError`.
  case trap(Trap)
  /// Its stack ended.
  case stackOverflow(Trap)
  /// It wanted more memory than `SpawnOptions.memoryLimit`, or its private heap wanted some and there was none.
  case memoryLimit
}

extension ExitReason {
  /// Whether it ended as it was meant to: `.normal` or `.shutdown`.
  public var isOrderly: Bool {
    switch self {
    case .normal, .shutdown: true
    default: false
    }
  }
}

extension ExitReason: CustomStringConvertible {
  /// One word, or the error's own words.
  public var description: String {
    switch self {
    case .normal: "normal"
    case .shutdown: "shutdown"
    case .killed: "killed"
    case .noProcess: "no process"
    case .error(let error): "error: \(error)"
    case .trap(let trap): "trap: \(trap)"
    case .stackOverflow: "stack overflow"
    case .memoryLimit: "heap limit"
    }
  }
}

/// Thrown by a runtime call of a process that was told to exit; the next call throws it again.
///
/// Let it pass: `defer` blocks run, references are released, and the process ends with the reason.
public struct ProcessExit: Error {
  /// What it was told.
  public let reason: ExitReason
}
