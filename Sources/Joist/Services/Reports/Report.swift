// SPDX-License-Identifier: Apache-2.0
//
// Reports of a runtime: events that went wrong and that possibly no process was told of.

/// Something that went wrong in a runtime.
public struct Report: Sendable {
  /// The kind of a reported event.
  public enum Event: Sendable {
    /// A process ended for a reason that is neither `.normal` nor `.shutdown`; it failed or was told to exit.
    ///
    /// The name is the process's registered name, or nil if it had none.
    case abnormalExit(ProcessID, name: String?, ExitReason)
    /// A process ended because a process that it was linked to had ended for such a reason.
    ///
    /// `origin` is the process at the other end of the chain of links, which ended first and has an `abnormalExit` of
    /// its own.
    case linkedExit(ProcessID, name: String?, origin: ProcessID, ExitReason)
    /// A message was not delivered, and its sender was not told.
    ///
    /// A message for which `trySend` or `call` threw is not reported.
    case deadLetter(DeadLetter)
    /// Another handler was installed for a signal, so crashes that raise this signal are no longer contained.
    case crashesNotContained(signal: Int32)
    /// The program has more bytes in memory than its limit; no process is spawned until it has fewer.
    case shortOfMemory(bytes: Int, limit: Int)
    /// The last spare scheduler stands in for a stuck one, or every scheduler is stuck and there are no spare ones.
    ///
    /// One more process that holds its thread stops all others. Reported once, until a spare scheduler is free again.
    case schedulersUsedUp(stuck: Int, spares: Int)
    /// The maximum number of `blocking` closures run, and others wait for one of them to end.
    ///
    /// Reported once, until no closure waits any more.
    case blockingThreadsUsedUp(limit: Int)
    /// Processes wait for each other in a circle, and none of them can go on.
    ///
    /// Found when the circle closes, in calls, in waits for locks, for room in mailboxes, and for the ends of
    /// processes. A reply address that a process has handed on through memory that processes share is not seen.
    case deadlock(Deadlock)
    /// Processes have waited for each other in a circle for a tenth of a second, but a timeout or a reply from outside
    /// may still end that.
    case stuckForNow(Deadlock)
    /// A figure has passed the threshold of an alarm, or has come back (``AlarmThresholds``).
    case alarm(Alarm)
    /// The system refused something that a running runtime needs.
    ///
    /// That is a thread for a spare scheduler, or one for a `blocking` closure, which then holds up its scheduler.
    case resourceMissing(ResourceError)
  }

  /// A supervisor's child, as a report names it.
  public struct Child: Sendable, Hashable {
    /// The child's name among its supervisor's children.
    public let name: String
    /// The child's supervisor.
    public let supervisor: ProcessID
    /// The supervisor's registered name, or else its name among the children of its own supervisor; nil if it has
    /// neither.
    public internal(set) var supervisorName: String?
    /// The number of the start that made this process: 1 for the first start, 2 after one restart.
    public let attempt: Int
  }

  /// The event that went wrong.
  public let event: Event
  /// The supervisor's child that the ended process was; nil if it was not a child.
  public let child: Child?
  /// The number of events before this one that were only counted, because there were too many.
  public let suppressed: Int
}

extension Report: CustomStringConvertible {
  /// The report in one line.
  public var description: String {
    let words =
      switch event {
      case .abnormalExit(let process, let name, let reason): "\(phrase(process, name)) ended: \(reason)"
      case .linkedExit(let process, let name, let origin, let reason):
        "\(phrase(process, name)) ended with \(origin), by a link: \(reason)"
      case .deadLetter(let letter):
        "\(letter.type) from \(letter.sender.map { "\($0)" } ?? "a thread") to \(letter.receiver) was dropped: "
          + letter.cause.words
      case .crashesNotContained(let signal):
        "signal \(signal) has another handler now: crashes that arrive as it end the program"
      case .schedulersUsedUp(let stuck, let spares):
        "\(stuck) schedulers are stuck in processes that hold their threads, and none of \(spares) spare ones is left: "
          + "use `blocking`, or raise spareSchedulers"
      case .blockingThreadsUsedUp(let limit):
        "\(limit) `blocking` closures run, and others wait for one of them to end: raise blockingThreads"
      case .deadlock(let deadlock): "processes wait for each other, and none can go on: \(deadlock)"
      case .stuckForNow(let deadlock): "processes wait for each other, for now: \(deadlock)"
      case .shortOfMemory(let bytes, let limit):
        "the program has \(bytes) bytes in memory, and makes no process beyond \(limit)"
      case .alarm(let alarm): alarm.description
      case .resourceMissing(let error): error.description
      }
    return suppressed == 0 ? words : "\(words) (\(suppressed) more before)"
  }

  /// Returns the words for the process that ended, with its name and its place under a supervisor.
  private func phrase(_ process: ProcessID, _ name: String?) -> String {
    let words = "\(name ?? "process") \(process)"
    return child.map { "\(words) (\($0))" } ?? words
  }
}

extension Report.Child: CustomStringConvertible {
  /// The child in words, such as `child 'store' of 'top' #2.1, attempt 3`.
  public var description: String {
    let above = supervisorName.map { "'\($0)' \(supervisor)" } ?? "\(supervisor)"
    return "child '\(name)' of \(above), attempt \(attempt)"
  }
}

extension ProcessRuntime {
  /// Sets the handler of reports, or removes it if it is nil; further reports are then only counted and kept.
  ///
  /// The handler runs in a process of the runtime, one report at a time. If it crashes, the report that it was given is
  /// lost, and a new process continues with the next one. While the handler is busy, up to a thousand reports wait;
  /// later ones are only counted, in `suppressed` of the next. Reports that wait when the handler is changed go to the
  /// new handler. They are dropped if that is nil, or when the runtime is shut down.
  ///
  /// Until this is called, reports are counted (``statistics``) and the most recent ones are kept (``recentReports``);
  /// nothing is printed.
  ///
  /// The handler gets no context, so it cannot use `blocking`. Symbolicating a crash takes milliseconds and much stack:
  /// pass the trap to a dispatch queue, here `reports`, which then calls a function `log`:
  ///
  /// ```
  /// runtime.handleReports { report in
  ///   guard case .abnormalExit(_, _, .trap(let trap)) = report.event else { return log(["\(report)"]) }
  ///   reports.async { log(["\(report)"] + trap.symbolicated()) }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - perSecond: The maximum number of reports per second; further ones are only counted.
  ///   - handler: The closure that is called with each report.
  public func handleReports(perSecond: Int = 100, _ handler: (@Sendable (Report) -> Void)?) {
    core.it.reports.setHandler(core, handler, perSecond: perSecond)
  }

  /// The most recent reports, at most 64, oldest first.
  public var recentReports: [Report] { core.it.reports.recent }
}
