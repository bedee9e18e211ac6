// SPDX-License-Identifier: Apache-2.0
//
// Why a process ends, and what it throws when it is told to.

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
}

/// Thrown by a runtime call of a process that was told to exit; the next call throws it again.
///
/// Let it pass: `defer` blocks run, references are released, and the process ends with the reason.
public struct ProcessExit: Error {
  /// What it was told.
  public let reason: ExitReason
}

/// A reason as the record keeps it: the common ones without memory of their own.
enum ExitNote: UInt8 {
  case none, shutdown, killed, noProcess
  /// In the `ProcessExtras`.
  case other
}

extension Handle<ProcessRecord> {
  /// Takes an exit signal in: from now on every runtime call throws.
  ///
  /// The first reason stays. `normal` from another process is no reason to end, as on the BEAM.
  func takeExit(_ node: Handle<MessageNode>) {
    let reason = node.open(as: ExitReason.self)
    if case .normal = reason { return }
    if case .killed = reason { it.signals.raise(.kill) }
    beginExit(reason)
  }

  /// Every runtime call throws from now on.
  func beginExit(_ reason: ExitReason) {
    it.flags.insert(.exiting)
    if hasExitReason { return }
    switch reason {
    case .shutdown: it.exitNote = .shutdown
    case .killed: it.exitNote = .killed
    case .noProcess: it.exitNote = .noProcess
    case .normal, .error:
      it.exitNote = .other
      extras().it.exitReason = reason
    }
  }

  /// Whether it was told to exit, or has failed.
  var hasExitReason: Bool { it.exitNote != .none }

  /// The reason that it throws.
  var presentExitReason: ExitReason {
    switch it.exitNote {
    case .shutdown: .shutdown
    case .none, .killed: .killed
    case .noProcess: .noProcess
    case .other: extras().it.exitReason
    }
  }

  /// Forgets the reason, for the record's next process.
  func dropExitReason() {
    if it.exitNote == .other { extras().it.exitReason = .normal }
    it.exitNote = .none
  }
}
