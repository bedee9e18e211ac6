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

/// Keeps a reason in one word of the record.
final class ExitReasonBox: Sendable {
  let reason: ExitReason
  init(_ reason: ExitReason) { self.reason = reason }
}

extension Handle<ProcessRecord> {
  /// Takes an exit signal in: from now on every runtime call throws.
  ///
  /// The first reason stays. `normal` from another process is no reason to end, as on the BEAM.
  func takeExit(_ node: Handle<MessageNode>) {
    it.signals.clear(.exit)
    let reason = node.open(as: ExitReason.self)
    if case .normal = reason { return }
    beginExit(reason)
  }

  /// Every runtime call throws from now on.
  // Sound: the box is released by `takeExitReason`, which takes it away.
  func beginExit(_ reason: ExitReason) {
    it.flags.insert(.exiting)
    if !it.hasExitReason { unsafe it.exitReason = Unmanaged.passRetained(ExitReasonBox(reason)) }
  }

  /// The reason that it throws.
  // Sound: the box is retained for as long as it is in the record.
  var presentExitReason: ExitReason {
    unsafe it.exitReason?.takeUnretainedValue().reason ?? .killed
  }

  /// Forgets the reason, for the record's next process.
  // Sound: retained once by `beginExit`, released once here.
  func dropExitReason() {
    unsafe it.exitReason?.release()
    unsafe it.exitReason = nil
  }
}
