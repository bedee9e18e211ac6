// SPDX-License-Identifier: Apache-2.0
//
// What a runtime has to report: what went wrong and may have been nobody's business.

/// Something that went wrong in a runtime.
public struct Report: Sendable {
  /// What it was.
  public enum Event: Sendable {
    /// A process ended for another reason than `.normal` and `.shutdown`, which was its own or which it was told; with
    /// its name, if it had one.
    case abnormalExit(ProcessID, name: String?, ExitReason)
    /// A process ended because one that it was linked to had ended, for such a reason. `origin` ended first, and has an
    /// `abnormalExit` of its own: of a chain of links that is the process at its other end.
    case linkedExit(ProcessID, name: String?, origin: ProcessID, ExitReason)
    /// A message was not delivered, and its sender was not told; one that `trySend` or `call` threw for is none.
    case deadLetter(DeadLetter)
    /// Another handler has been installed for a signal: crashes that arrive as it are not contained any more.
    case crashesNotContained(signal: Int32)
    /// The program has more bytes in memory than it is to have, and no process is made until it has less.
    case shortOfMemory(bytes: Int, limit: Int)
    /// The last spare scheduler stands in for a stuck one, or every scheduler is stuck where there are no spare ones.
    ///
    /// One more process that holds its thread stops all others. Reported once, until a spare one is free again.
    case schedulersUsedUp(stuck: Int, spares: Int)
    /// As many `blocking` closures run as there may be threads for them, and others wait for one to end.
    ///
    /// Reported once, until none waits any more.
    case blockingThreadsUsedUp(limit: Int)
    /// Processes of which each waits for the next one, and the last one for the first: for room in its mailbox, or for
    /// its end.
    ///
    /// None goes on before one of them is told to exit.
    case deadlock([ProcessID])
    /// The system did not give what a running runtime wanted: a thread for a spare scheduler, or for a closure of
    /// `blocking`, which then holds up its scheduler.
    case resourceMissing(ResourceError)
  }

  /// A supervisor's child, as a report names it.
  public struct Child: Sendable, Hashable {
    /// Its name among its supervisor's children.
    public let name: String
    /// Its supervisor.
    public let supervisor: ProcessID
    /// The supervisor's registered name, or its name among the children of its own supervisor; nil if it has neither.
    public internal(set) var supervisorName: String?
    /// Which start of the child this process came of: 1 for the first, 2 after one restart.
    public let attempt: Int
  }

  /// What went wrong.
  public let event: Event
  /// Of a process that ended: which child of which supervisor it was; nil if it was none.
  public let child: Child?
  /// Events before this one that were only counted, since there were too many.
  public let suppressed: Int
}

extension Report: CustomStringConvertible {
  /// One line.
  public var description: String {
    let words =
      switch event {
      case .abnormalExit(let process, let name, let reason): "\(who(process, name)) ended: \(reason)"
      case .linkedExit(let process, let name, let origin, let reason):
        "\(who(process, name)) ended with \(origin), by a link: \(reason)"
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
      case .deadlock(let processes):
        "processes wait for each other, and none can go on: \(processes.map { "\($0)" }.joined(separator: ", "))"
      case .shortOfMemory(let bytes, let limit):
        "the program has \(bytes) bytes in memory, and makes no process beyond \(limit)"
      case .resourceMissing(let error): error.description
      }
    return suppressed == 0 ? words : "\(words) (\(suppressed) more before)"
  }

  /// Returns the words for the process that ended.
  private func who(_ process: ProcessID, _ name: String?) -> String {
    let words = "\(name ?? "process") \(process)"
    return child.map { "\(words) (\($0))" } ?? words
  }
}

extension Report.Child: CustomStringConvertible {
  /// As in `child 'store' of 'top' #2.1, attempt 3`.
  public var description: String {
    let above = supervisorName.map { "'\($0)' \(supervisor)" } ?? "\(supervisor)"
    return "child '\(name)' of \(above), attempt \(attempt)"
  }
}

extension ProcessRuntime {
  /// Has reports handled from now on, so many in a second at most; with nil, only counted and kept.
  ///
  /// The handler runs in a process of the runtime's, one report at a time. Where it crashes, the report that it was
  /// given is lost, and a new process goes on with the next. While it is busy up to a thousand reports wait; later ones
  /// are only counted, as `suppressed` of the next. Reports that wait when the handler is changed go to the new one,
  /// and are dropped where that is nil, or the runtime is shut down. Until this is called reports are counted
  /// (``statistics``) and the last are kept (``recentReports``), and nothing is printed. To put a crash into words
  /// (``Trap/symbolicated()``) takes milliseconds: hand the trap to a thread for that.
  public func handleReports(perSecond: Int = 100, _ handler: (@Sendable (Report) -> Void)?) {
    core.it.reports.setHandler(core, handler, perSecond: perSecond)
  }

  /// The last reports, oldest first: 64 at most.
  public var recentReports: [Report] { core.it.reports.recent }
}
