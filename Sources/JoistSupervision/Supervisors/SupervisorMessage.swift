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
  /// A temporary child is forgotten.
  public static func terminateChild(_ name: String, _ reply: EndReply) -> Self {
    Self(.terminate(.name(name), reply))
  }

  /// As above, for the child that is that process now: the way to name a child of a dynamic supervisor, which forgets
  /// it.
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
    /// It has a process, which has not started yet.
    case starting
    /// It has started.
    case running
    /// It will be started again: at that time, or as soon as the supervisor comes to it.
    case restarting(at: ContinuousClock.Instant)
    /// It was told to end.
    case stopping
    /// It has ended, or was never started.
    case ended
  }

  /// Its name.
  public let name: String
  /// Its process; nil when there is none.
  public var process: ProcessID? { address?.id }
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

/// How many children a supervisor has.
public struct ChildCount: Sendable, Hashable {
  /// All.
  public let children: Int
  /// Those that run, or are being started.
  public let running: Int
  /// Those that are supervisors.
  public let supervisors: Int
}
