// SPDX-License-Identifier: Apache-2.0
//
// The requests that a process, a thread or a Swift task can send to a supervisor with `call`, and their answers.

public import Joist

extension Supervisor {
  /// A request to a supervisor, for `process.call`, `ref.callBlocking` or `await ref.call`.
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

  /// The name or the process by which a request identifies a child.
  enum ChildName: Sendable {
    case name(String)
    case process(ProcessID)
  }
}

/// The answer to a request to start a child.
public typealias StartReply = ReplyTo<Result<ChildInfo, SupervisorError>>
/// The answer to a request to end or delete a child.
public typealias EndReply = ReplyTo<Result<Void, SupervisorError>>

extension Supervisor.Message {
  /// Requests the supervisor's children, in the order in which they are started.
  public static func children(_ reply: ReplyTo<[ChildInfo]>) -> Self { Self(.children(reply)) }

  /// Requests the number of the supervisor's children.
  public static func count(_ reply: ReplyTo<ChildCount>) -> Self { Self(.count(reply)) }

  /// Adds a child behind the others and starts it.
  ///
  /// The request is answered when the child has started, or has failed to start and has been removed.
  public static func startChild(_ child: Child, _ reply: StartReply) -> Self { Self(.start(child, reply)) }

  /// Ends a child as its `shutdown` says; it is not restarted unless a request asks for it.
  ///
  /// If the child waits for its restart, the restart is cancelled. A temporary child is forgotten, and so is any child
  /// of a dynamic supervisor. If several children of a dynamic supervisor have the name, the request is refused.
  public static func terminateChild(_ name: String, _ reply: EndReply) -> Self {
    Self(.terminate(.name(name), reply))
  }

  /// Ends the child that has the process, or had it last if the child waits for its restart.
  ///
  /// This is the way to identify a child of a dynamic supervisor. The child ends as with a request by name.
  public static func terminateChild(_ process: ProcessID, _ reply: EndReply) -> Self {
    Self(.terminate(.process(process), reply))
  }

  /// Starts a child that has ended; refused by dynamic supervisors.
  public static func restartChild(_ name: String, _ reply: StartReply) -> Self { Self(.restart(name, reply)) }

  /// Removes a child that has ended; refused by dynamic supervisors.
  public static func deleteChild(_ name: String, _ reply: EndReply) -> Self { Self(.delete(name, reply)) }
}

/// A description of the current state of a supervisor's child.
public struct ChildInfo: Sendable {
  /// The phase of a child's life.
  public enum State: Sendable, Hashable {
    /// Its first start is not finished: its process has not started yet, or it waits for the children before it.
    case starting
    /// It has started.
    case running
    /// It has no process and is restarted at that time, or as soon after it as the supervisor gets to it.
    ///
    /// Attempts count from 1, and from 1 again once the child has run for a whole window.
    case restarting(at: ContinuousClock.Instant, attempt: Int)
    /// It was told to exit and has not ended yet.
    case stopping
    /// It has ended and does not wait for a restart.
    case ended
  }

  /// The child's name.
  public let name: String
  /// Its process, or nil if it has none now.
  public var process: ProcessID? { address?.id }
  /// Its process, or its last one if it has none now; nil before its first start.
  public let lastProcess: ProcessID?
  /// The ends after which it is restarted.
  public let restart: Child.Restart
  /// The number of times that the supervisor has restarted it.
  public let restarts: Int
  /// The current phase of its life.
  public let state: State
  /// Whether the child is a supervisor.
  public let isSupervisor: Bool
  let address: (any ChildAddress)?

  /// Returns the child's ref, or nil if it has no process or its process receives messages of another type.
  public func ref<Message: ~Copyable>(as type: Message.Type) -> ProcessRef<Message>? {
    address as? ProcessRef<Message>
  }
}

extension ChildInfo: CustomStringConvertible {
  /// The name, the process and the state, as in `store #123.4: running`; the last process if it has none now.
  public var description: String {
    let subject = lastProcess.map { "\(name) \($0)" } ?? name
    return "\(subject): \(state)"
  }
}

extension ChildInfo.State: CustomStringConvertible {
  /// The state in a few words.
  public var description: String {
    switch self {
    case .starting: "starting"
    case .running: "running"
    case .restarting(_, let attempt): "waiting for its restart, attempt \(attempt)"
    case .stopping: "stopping"
    case .ended: "ended"
    }
  }
}

/// The numbers of a supervisor's children.
public struct ChildCount: Sendable, Hashable {
  /// The number of all children.
  public let children: Int
  /// The number of children that have a process: they run, or are being started or stopped.
  public let running: Int
  /// The number of children that are supervisors.
  public let supervisors: Int
}
