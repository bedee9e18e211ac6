// SPDX-License-Identifier: Apache-2.0
//
// What a report becomes in a log. A line is made in the process that handles reports, because the description of an
// error is code of the program: if it crashes, only that process ends. A line holds no error, whose `deinit` is such
// code, too.

#if Telemetry
  package import Joist
  package import Logging

  extension MetadataKey {
    static let event = "joist.event"
    static let reason = "joist.reason"
    static let attempt = "joist.attempt"
    static let origin = "joist.origin"
    static let sender = "joist.sender"
    static let receiver = "joist.receiver"
    static let messageType = "joist.message_type"
    static let cause = "joist.cause"
    static let alarm = "joist.alarm"
    static let value = "joist.value"
    static let threshold = "joist.threshold"
    static let rate = "joist.rate"
    static let suppressed = "joist.suppressed"
    static let backtrace = "joist.backtrace"
  }

  /// A report as a line of a log, before addresses have names.
  package struct ReportLine: Sendable {
    /// The backtraces of a line, as addresses.
    enum Addresses: Sendable {
      case none
      case crash(Trap)
      /// The stacks of the processes of a deadlock, by identity.
      case stacks([(process: ProcessID, backtrace: [UInt])])
    }

    let level: Logger.Level
    let text: String
    var metadata: Logger.Metadata
    let addresses: Addresses
    let isDeadLetter: Bool
    /// The number of events before this one that are in no line.
    var suppressed: Int

    init(_ report: Report) {
      level = report.event.level
      text = report.description.cleaned(limit: TextLimit.line)
      addresses = report.event.addresses
      if case .alarm(let alarm) = report.event {
        suppressed = report.suppressed + alarm.suppressed
      } else {
        suppressed = report.suppressed
      }
      if case .deadLetter = report.event { isDeadLetter = true } else { isDeadLetter = false }
      metadata = report.event.metadata(child: report.child)
      if let child = report.child { metadata[MetadataKey.attempt] = "\(child.attempt)" }
    }
  }

  extension ReportLine {
    /// Makes a line of a crash that a library has contained.
    ///
    /// - Parameters:
    ///   - event: The value of `joist.event`.
    ///   - text: The words before the crash's own.
    ///   - reason: The crash.
    ///   - metadata: Further metadata.
    package init(event: String, _ text: String, _ reason: ExitReason, metadata: Logger.Metadata) {
      level = .error
      self.text = "\(text): \(reason)".cleaned(limit: TextLimit.line)
      self.metadata = metadata
      self.metadata[MetadataKey.event] = .string(event)
      self.metadata[MetadataKey.reason] = .string(reason.word)
      addresses = reason.trap.map { .crash($0) } ?? .none
      isDeadLetter = false
      suppressed = 0
    }
  }

  extension Report.Event {
    /// The level of the event: `.critical` for what the program does not recover from by itself.
    fileprivate var level: Logger.Level {
      switch self {
      case .deadlock, .crashesNotContained: .critical
      case .abnormalExit, .shortOfMemory, .schedulersUsedUp, .resourceMissing: .error
      case .deadLetter, .stuckForNow, .blockingThreadsUsedUp: .warning
      case .linkedExit: .notice
      case .alarm(let alarm): alarm.isRaised ? .warning : .notice
      }
    }

    private var word: Logger.Metadata.Value {
      switch self {
      case .abnormalExit: "abnormal_exit"
      case .linkedExit: "linked_exit"
      case .deadLetter: "dead_letter"
      case .crashesNotContained: "crashes_not_contained"
      case .shortOfMemory: "short_of_memory"
      case .schedulersUsedUp: "schedulers_used_up"
      case .blockingThreadsUsedUp: "blocking_threads_used_up"
      case .deadlock: "deadlock"
      case .stuckForNow: "stuck_for_now"
      case .alarm: "alarm"
      case .resourceMissing: "resource_missing"
      }
    }

    fileprivate var addresses: ReportLine.Addresses {
      switch self {
      // A linked exit follows the report of the crash, which has the backtrace.
      case .abnormalExit(_, _, let reason): reason.trap.map { .crash($0) } ?? .none
      case .deadlock(let deadlock), .stuckForNow(let deadlock):
        .stacks(deadlock.waits.map { ($0.process, $0.backtrace) })
      default: .none
      }
    }

    fileprivate func metadata(child: Report.Child?) -> Logger.Metadata {
      var metadata: Logger.Metadata
      switch self {
      case .abnormalExit(let process, let name, let reason):
        metadata = Logger.Metadata(process, name: name, child: child)
        metadata[MetadataKey.reason] = .string(reason.word)
      case .linkedExit(let process, let name, let origin, let reason):
        metadata = Logger.Metadata(process, name: name, child: child)
        metadata[MetadataKey.reason] = .string(reason.word)
        metadata[MetadataKey.origin] = "\(origin)"
      case .deadLetter(let letter):
        metadata = [
          MetadataKey.receiver: "\(letter.receiver)",
          MetadataKey.messageType: .string(letter.type.cleaned(limit: TextLimit.name)),
          MetadataKey.cause: .string(letter.cause.word),
        ]
        if let sender = letter.sender { metadata[MetadataKey.sender] = "\(sender)" }
      case .alarm(let alarm):
        metadata = alarm.process.map { Logger.Metadata($0, name: alarm.name, child: nil) } ?? [:]
        metadata[MetadataKey.alarm] = .string(alarm.kind.rawValue)
        metadata[MetadataKey.value] = "\(alarm.value)"
        metadata[MetadataKey.threshold] = "\(alarm.threshold)"
      default: metadata = [:]
      }
      metadata[MetadataKey.event] = word
      return metadata
    }
  }

  extension ExitReason {
    /// The crash, if it is one.
    fileprivate var trap: Trap? {
      switch self {
      case .trap(let trap), .stackOverflow(let trap): trap
      default: nil
      }
    }

    /// The kind of the reason, without the description of an error or a trap.
    fileprivate var word: String {
      switch self {
      case .normal: "normal"
      case .shutdown, .shutdownBecause: "shutdown"
      case .killed: "killed"
      case .noProcess: "no_process"
      case .error: "error"
      case .trap: "trap"
      case .stackOverflow: "stack_overflow"
      case .memoryLimit: "memory_limit"
      }
    }
  }

  extension DeadLetter.Cause {
    fileprivate var word: String {
      switch self {
      case .noProcess: "no_process"
      case .mailboxFull: "mailbox_full"
      case .ownMailboxFull: "own_mailbox_full"
      }
    }
  }
#endif
