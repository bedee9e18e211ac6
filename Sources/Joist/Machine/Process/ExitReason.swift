// SPDX-License-Identifier: Apache-2.0
//
// The reasons for which a process ends, and the error by which its runtime calls tell it to exit.

/// The reason why a process ended.
///
/// It is `Sendable`, because `Error` is, so any message may carry it.
public enum ExitReason: Sendable {
  /// The body returned.
  case normal
  /// The process was told to exit in an orderly way.
  case shutdown
  /// The process exits in an orderly way, for a reason of the program's own.
  case shutdownBecause(any Error)
  /// The process was killed, which it cannot trap.
  case killed
  /// The process did not exist, or had ended before.
  case noProcess
  /// The body threw this error.
  case error(any Error)
  /// The process crashed: an index out of range, an unwrapped nil, an overflow, or `fatalError`.
  case trap(Trap)
  /// The process used up its stack.
  case stackOverflow(Trap)
  /// The process exceeded ``SpawnOptions/memoryLimit``, or there was no memory for its private heap.
  case memoryLimit
}

extension ExitReason {
  /// Whether the reason is `.normal`, `.shutdown` or `.shutdownBecause`.
  ///
  /// An orderly end is not reported, and a supervisor does not restart a `transient` child after it.
  public var isOrderly: Bool {
    switch self {
    case .normal, .shutdown, .shutdownBecause: true
    default: false
    }
  }
}

extension ExitReason: CustomStringConvertible {
  /// The reason in a few words, with the description of the error or trap.
  public var description: String {
    switch self {
    case .normal: "normal"
    case .shutdown: "shutdown"
    case .shutdownBecause(let error): "shutdown: \(error)"
    case .killed: "killed"
    case .noProcess: "no process"
    case .error(let error): "error: \(error)"
    case .trap(let trap): "trap: \(trap)"
    case .stackOverflow: "stack overflow"
    case .memoryLimit: "memory limit"
    }
  }
}

/// The error that every runtime call of a process throws once the process was told to exit.
///
/// Let it pass out of the body: `defer` blocks run, references are released, and the process ends with the reason. A
/// body that catches it receives it again from its next call.
public struct ProcessExit: Error {
  /// The reason that the process was told.
  public let reason: ExitReason
}
