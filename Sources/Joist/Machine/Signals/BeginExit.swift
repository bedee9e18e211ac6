// SPDX-License-Identifier: Apache-2.0
//
// A process that was told to exit: the reason that it stores, and the error that every later runtime call throws.

/// The exit reason in the record; the common reasons need no other memory.
enum ExitNote: UInt8 {
  case none, shutdown, killed, noProcess, memoryLimit
  /// A crash for which there was no memory for the `ProcessExtras`.
  case trap, stackOverflow
  /// The reason is in the `ProcessExtras`.
  case other
}

extension Handle<ProcessRecord> {
  /// Makes every runtime call of the process throw `reason` from now on; an earlier reason stays.
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
    case .normal, .error, .shutdownBecause:
      let extras = extras()
      it.exitNote = .other
      extras.it.exitReason = reason
    }
  }

  /// Stores the reason of a crash, or only the note if there is no memory for more (FA5).
  private func keepReason(_ reason: ExitReason, without note: ExitNote) {
    let extras = extrasIfPossible()
    it.exitNote = extras == nil ? note : .other
    extras?.it.exitReason = reason
  }

  /// Whether the process was told to exit, or has failed.
  var hasExitReason: Bool { it.exitNote != .none }

  /// The reason that its runtime calls throw.
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

  /// Forgets the reason, before another one is stored or the record's next process begins.
  func dropExitReason() {
    if hasExtras { extras().it.exitOrigin = nil }
    if it.exitNote == .other { extras().it.exitReason = .normal }
    it.exitNote = .none
  }

  /// Throws the exit reason, as every call of a process that was told to exit does.
  ///
  /// After a kill, the first call that throws gives the process a whole slice to unwind in. Each later one takes a
  /// sixteenth of it away. When the slice is over, the process gets no other.
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
