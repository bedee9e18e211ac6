// SPDX-License-Identifier: Apache-2.0
//
// A process that is told to exit: the reason that it keeps, and what every later call of the runtime throws.

/// A reason as the record keeps it: the common ones without memory of their own.
enum ExitNote: UInt8 {
  case none, shutdown, killed, noProcess, memoryLimit
  /// A crash, without memory for the `ProcessExtras`.
  case trap, stackOverflow
  /// In the `ProcessExtras`.
  case other
}

extension Handle<ProcessRecord> {
  /// Every runtime call throws from now on.
  func beginExit(_ reason: ExitReason) {
    it.flags.insert(.exiting)
    if hasExitReason { return }
    switch reason {
    case .shutdown: it.exitNote = .shutdown
    case .killed: it.exitNote = .killed
    case .noProcess: it.exitNote = .noProcess
    case .memoryLimit: it.exitNote = .memoryLimit
    case .trap: keepReason(reason, without: .trap)
    case .stackOverflow: keepReason(reason, without: .stackOverflow)
    case .normal, .error:
      let extras = extras()
      it.exitNote = .other
      extras.it.exitReason = reason
    }
  }

  /// Keeps what a crash was; only the note, where there is no memory for more (FA5).
  private func keepReason(_ reason: ExitReason, without note: ExitNote) {
    let extras = extrasIfPossible()
    it.exitNote = extras == nil ? note : .other
    extras?.it.exitReason = reason
  }

  /// Whether it was told to exit, or has failed.
  var hasExitReason: Bool { it.exitNote != .none }

  /// The reason that it throws.
  var presentExitReason: ExitReason {
    switch it.exitNote {
    case .shutdown: .shutdown
    case .none, .killed: .killed
    case .noProcess: .noProcess
    case .memoryLimit: .memoryLimit
    case .trap: .trap(.bare(signal: 0))
    case .stackOverflow: .stackOverflow(.bare(signal: 0))
    case .other: extras().it.exitReason
    }
  }

  /// Forgets the reason, for another one or for the record's next process.
  func dropExitReason() {
    if hasExtras { extras().it.exitOrigin = nil }
    if it.exitNote == .other { extras().it.exitReason = .normal }
    it.exitNote = .none
  }

  /// A process that was told to exit gets this from every call.
  ///
  /// After a kill the first call that throws gives the process a whole slice to unwind in. Each later one takes a
  /// sixteenth of that away, and when the slice is over the process does not get another.
  @inline(never)
  func refuse() throws(ProcessExit) {
    if it.signals.relaxed.contains(.kill) { payForRefusal() }
    throw ProcessExit(reason: presentExitReason)
  }

  private func payForRefusal() {
    guard it.signals.relaxed.contains(.toldOfKill) else {
      it.signals.raise(.toldOfKill)
      it.reductionsLeft = it.sliceLength
      return
    }
    charge(it.sliceLength / 16 + 1)
    if it.reductionsLeft <= 0 { _ = leaveTo(.yielded, Scheduler.current!) }
  }
}
