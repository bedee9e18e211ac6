// SPDX-License-Identifier: Apache-2.0
//
// What a supervisor can be asked, by a process, a thread or a task: each question is a request for `call`.

public import Joist

extension Supervisor {
  /// What a supervisor takes: requests, for `process.call`, `ref.callBlocking` or `await ref.call`.
  ///
  /// ```
  /// let children = try process.call(supervisor) { .children($0) }
  /// try process.call(supervisor) { .terminateChild("store", $0) }.get()
  /// ```
  public struct Message: Sendable {
    enum Mail: Sendable {
      case exited(ExitSignal)
      case down(Down)
      case childStarted(ProcessID)
      case roundDue(Int)
      case killDue(ProcessID)
      case awaitStart(ReplyTo<Void>)
      case children(ReplyTo<[ChildInfo]>)
      case count(ReplyTo<ChildCount>)
      case start(Child, StartReply)
      case restart(String, StartReply)
      case terminate(ChildName, EndReply)
      case delete(String, EndReply)
    }

    let mail: Mail

    init(_ mail: Mail) { self.mail = mail }
  }

  /// A child's end, or its start, as it is asked for.
  enum ChildName: Sendable {
    case name(String)
    case process(ProcessID)
  }
}

/// Where a supervisor says how a start went.
public typealias StartReply = ReplyTo<Result<ChildInfo, SupervisorError>>
/// Where a supervisor says that a child has ended.
public typealias EndReply = ReplyTo<Result<Void, SupervisorError>>

extension Supervisor.Message {
  /// Its children, in the order in which they are started.
  public static func children(_ reply: ReplyTo<[ChildInfo]>) -> Self { Self(.children(reply)) }

  /// How many children it has.
  public static func count(_ reply: ReplyTo<ChildCount>) -> Self { Self(.count(reply)) }

  /// Adds a child behind the others and starts it; answered when it has started, or has failed and is no child.
  public static func startChild(_ child: Child, _ reply: StartReply) -> Self { Self(.start(child, reply)) }

  /// Ends a child as its `shutdown` says; it is not started again until somebody asks for it.
  ///
  /// A child that waits for its restart does not wait any more, and is not started. A temporary child is forgotten, and
  /// so is any child of a dynamic supervisor, where the name must be that of one child only.
  public static func terminateChild(_ name: String, _ reply: EndReply) -> Self {
    Self(.terminate(.name(name), reply))
  }

  /// As above, for the child whose process that is, or whose last process it was while the child waits for its restart:
  /// the way to name a child of a dynamic supervisor.
  public static func terminateChild(_ process: ProcessID, _ reply: EndReply) -> Self {
    Self(.terminate(.process(process), reply))
  }

  /// Starts a child that has ended; not for dynamic supervisors.
  public static func restartChild(_ name: String, _ reply: StartReply) -> Self { Self(.restart(name, reply)) }

  /// Forgets a child that has ended; not for dynamic supervisors.
  public static func deleteChild(_ name: String, _ reply: EndReply) -> Self { Self(.delete(name, reply)) }
}

/// What a supervisor says of a child.
public struct ChildInfo: Sendable {
  /// What it does.
  public enum State: Sendable, Hashable {
    /// Its first start is not over: its process has not started yet, or waits for those before it.
    case starting
    /// It has started.
    case running
    /// It has no process and waits to be started again: at that time, or as soon as the supervisor comes to it.
    ///
    /// Attempts are counted from 1, and anew once the child has run for a whole window.
    case restarting(at: ContinuousClock.Instant, attempt: Int)
    /// It was told to end.
    case stopping
    /// It has ended, or was never started.
    case ended
  }

  /// Its name.
  public let name: String
  /// Its process; nil when there is none.
  public var process: ProcessID? { address?.id }
  /// Its process, or the last one that it had while it has none; nil before its first start.
  public let lastProcess: ProcessID?
  /// When it is started again.
  public let restart: Child.Restart
  /// How often the supervisor has started it again.
  public let restarts: Int
  /// What it does.
  public let state: State
  /// Whether it is a supervisor.
  public let isSupervisor: Bool
  let address: (any ChildAddress)?

  /// Its address; nil when it has no process, or that takes other messages.
  public func ref<Message: ~Copyable>(as type: Message.Type) -> ProcessRef<Message>? {
    address as? ProcessRef<Message>
  }
}

extension ChildInfo: CustomStringConvertible {
  /// As in `store #123.4: running`, with the last process of a child that has none.
  public var description: String {
    let words = lastProcess.map { "\(name) \($0)" } ?? name
    return "\(words): \(state)"
  }
}

extension ChildInfo.State: CustomStringConvertible {
  /// A few words.
  public var description: String {
    switch self {
    case .starting: "starting"
    case .running: "running"
    case .restarting(_, let attempt): "waits for its restart, attempt \(attempt)"
    case .stopping: "stopping"
    case .ended: "ended"
    }
  }
}

/// How many children a supervisor has.
public struct ChildCount: Sendable, Hashable {
  /// All.
  public let children: Int
  /// Those that run, or are being started.
  public let running: Int
  /// Those that are supervisors.
  public let supervisors: Int
}
