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

/// What an exit signal carries to its process.
struct ExitNews {
  let reason: ExitReason
  /// The process whose end was the first of a chain of links; nil where the signal came over no link.
  let origin: ProcessID?
}

/// A reason as the record keeps it: the common ones without memory of their own.
enum ExitNote: UInt8 {
  case none, shutdown, killed, noProcess, memoryLimit
  /// A crash, without memory for the `ProcessExtras`.
  case trap, stackOverflow
  /// In the `ProcessExtras`.
  case other
}

extension Handle<ProcessRecord> {
  /// Takes an exit signal in: from now on every runtime call throws.
  ///
  /// Unless it is trapped: then the message to put into the mailbox is returned. By Erlang's rules: a kill cannot be
  /// trapped, `normal` is no reason to end unless a process tells it to itself, and the first reason stays.
  func takeExit(_ node: Handle<MessageNode>) -> Handle<MessageNode>? {
    let (kind, sender, sent) = (node.it.kind, node.it.sender, node.it.sent)
    if kind == .linkExit && !takesLinkOut(node) {
      node.discard()
      return nil
    }
    let news = node.open(as: ExitNews.self)
    let reason = news.reason
    if kind == .exit, case .killed = reason {
      it.signals.raise(.kill)
      beginExit(reason)
    } else if it.flags.contains(.exiting) {
      return nil
    } else if hasExtras, let make = extras().it.exitTrap {
      let process = sender == 0 ? nil : ProcessID(bits: sender)
      let signal = ExitSignal(process: process, reason: reason, origin: news.origin)
      let notice = notice(of: make(signal), from: sender, kind == .exit ? sent : 0)
      if isParent(sender) { markParentExit(notice, reason) }
      return notice
    } else if case .normal = reason {
      if kind == .exit ? sender == it.identity.bits : isParent(sender) { beginExit(reason) }  // PE2
    } else {
      if let origin = news.origin, !hasExitReason { extras().it.exitOrigin = origin }
      beginExit(reason)
    }
    return nil
  }

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
}
