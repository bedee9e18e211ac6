// SPDX-License-Identifier: Apache-2.0
//
// A supervision tree as a service of a group.

#if Service
  public import Joist
  public import JoistSupervision
  public import Logging
  public import ServiceLifecycle

  /// A service that runs a supervisor with its children, and ends them in reverse order when its group shuts down.
  public struct SupervisionService: Service {
    private let supervisor: Supervisor
    private let runtime: ProcessRuntime
    private let gracePeriod: Duration
    private let logger: Logger

    /// Makes a service of a supervisor.
    ///
    /// - Parameters:
    ///   - supervisor: The description of the supervisor.
    ///   - runtime: The runtime on which it is started.
    ///   - gracePeriod: How long it has to end before it is killed. Each child has the time of its own description.
    ///   - logger: The log for a supervisor that had to be killed.
    public init(
      _ supervisor: Supervisor,
      on runtime: ProcessRuntime,
      gracePeriod: Duration = .seconds(30),
      logger: Logger = Logger(label: "joist")
    ) {
      self.supervisor = supervisor
      self.runtime = runtime
      self.gracePeriod = gracePeriod
      self.logger = logger
    }

    /// Starts the supervisor, and returns when it has ended.
    ///
    /// It is told to exit when the group shuts down or the task is cancelled.
    ///
    /// - Throws: `SupervisorError` or `SpawnError` if it does not start; ``SupervisorEnded`` if it ends with an error.
    public func run() async throws {
      let keeper = try runtime.trySpawn(Event.self) { process in try keep(process) }
      let reason = await withTaskCancellationOrGracefulShutdownHandler {
        await withCheckedContinuation { continuation in
          keeper.onEnd { continuation.resume(returning: $0) }
          keeper.send(.start)
        }
      } onCancelOrGracefulShutdown: {
        keeper.send(.stop)
      }
      if case .error(let error) = reason { throw error }
      if !reason.isOrderly { throw SupervisorEnded(reason: reason) }
    }

    /// Starts the supervisor, linked to a process that is told of its end in any case.
    private func keep(_ process: ProcessContext<Event>) throws {
      process.trapExits { .ended($0.reason) }
      _ = try process.receive { if case .start = $0 { true } else { false } }
      let tree = try supervisor.start(linkedTo: process)
      var event = try process.receive()
      if case .stop = event {
        tree.exit(.shutdown)
        if let next = try process.receive(timeout: gracePeriod) {
          event = next
        } else {
          logger.error("a supervisor did not end within \(gracePeriod), and is killed")
          tree.exit(.killed)
          event = try process.receive()
        }
      }
      if case .ended(let reason) = event, !reason.isOrderly { throw SupervisorEnded(reason: reason) }
    }

    /// What the process is told that starts the supervisor.
    private enum Event: Sendable {
      case start, stop
      case ended(ExitReason)
    }
  }

  /// The supervisor of a service has ended with an error.
  public struct SupervisorEnded: Error, CustomStringConvertible {
    /// The reason of its end.
    public let reason: ExitReason

    /// The reason in one sentence.
    public var description: String { "the supervisor of a service has ended: \(reason)" }
  }
#endif
