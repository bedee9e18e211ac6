// SPDX-License-Identifier: Apache-2.0
//
// Starting a server and waiting until it has started.
//
// A process of its own, the attendant, monitors the server's process before that calls `start`. So the reason of any
// end is known, also of a crash. The caller asks the attendant for the outcome.

public import Joist

/// The reason why a server did not start.
public enum StartError: Error, CustomStringConvertible {
  /// The process ended before `start` had returned; for a thrown error the reason is `.error`.
  case ended(ExitReason)
  /// The time passed that the start was given; the process was killed.
  case timedOut

  /// The reason in one sentence.
  public var description: String {
    switch self {
    case .ended(let reason): "the server ended while it was starting: \(reason)"
    case .timedOut: "the server did not start in time"
    }
  }
}

extension Server {
  /// Starts a server on a runtime, and blocks the calling thread until its `start` has returned.
  ///
  /// - Parameters:
  ///   - server: The server, which moves into its process.
  ///   - runtime: The runtime.
  ///   - timeout: The longest time that `start` may take; nil waits forever.
  ///   - options: The options of the process.
  /// - Returns: The server, which has started.
  /// - Throws: ``StartError`` if the server did not start, or a `SpawnError` if there is no process for it.
  @available(*, noasync, message: "use `try await startAndWait(_:on:)`, which does not hold the thread")
  public static func startAndWait(
    _ server: sending Self,
    on runtime: ProcessRuntime,
    timeout: Duration? = nil,
    options: SpawnOptions = .init()
  ) throws -> ProcessRef<Message> {
    let attendant = try runtime.trySpawn(AttendantMail.self) { try Attendant.run($0) }
    defer { attendant.exit() }
    let ref = try runtime.trySpawn(Message.self, options: options, attended(server, by: attendant))
    return try started(ref) { () throws in try attendant.callBlocking(timeout: timeout) { .outcome($0) } }
  }

  /// Starts a server on a runtime from `async` code, and awaits the return of its `start`.
  ///
  /// If the task is cancelled, the server is killed.
  ///
  /// - Returns: The server, which has started.
  /// - Throws: ``StartError`` if the server did not start, a `SpawnError` if there is no process for it, or
  ///   `CancellationError`.
  public static func startAndWait(
    _ server: sending Self,
    on runtime: ProcessRuntime,
    timeout: Duration? = nil,
    options: SpawnOptions = .init()
  ) async throws -> ProcessRef<Message> {
    let attendant = try runtime.trySpawn(AttendantMail.self) { try Attendant.run($0) }
    defer { attendant.exit() }
    let ref = try runtime.trySpawn(Message.self, options: options, attended(server, by: attendant))
    let outcome: Result<ExitReason?, any Error>
    do { outcome = .success(try await attendant.call(timeout: timeout) { .outcome($0) }) } catch {
      outcome = .failure(error)
    }
    return try started(ref) { try outcome.get() }
  }

  /// Starts a server from a process, which parks until `start` has returned.
  ///
  /// The server is not linked to the process, so a failed start does not end that.
  ///
  /// - Returns: The server, which has started.
  /// - Throws: ``StartError`` if the server did not start, a `SpawnError` if there is no process for it, or
  ///   `ProcessExit` if the calling process is told to exit; the server is killed then.
  public static func startAndWait<Starter: ~Copyable>(
    _ server: sending Self,
    from process: ProcessContext<Starter>,
    timeout: Duration? = nil,
    options: SpawnOptions = .init()
  ) throws -> ProcessRef<Message> {
    let attendant = try process.trySpawn(AttendantMail.self) { try Attendant.run($0) }
    defer { attendant.exit() }
    let ref = try process.trySpawn(Message.self, options: options, attended(server, by: attendant))
    return try started(ref) { () throws in try process.call(attendant, timeout: timeout) { .outcome($0) } }
  }

  /// Returns the body of a process that runs the server once the attendant monitors it.
  private static func attended(
    _ server: sending Self,
    by attendant: ProcessRef<AttendantMail>
  ) -> sending (ProcessContext<Message>) throws -> Void {
    let server = Disconnected(server)
    return { process in
      let ref = process.ref
      try process.call(attendant) { reply in .begin({ $0.monitor(ref, AttendantMail.down) }, reply) }
      var loop = ServerLoop(server: server.open())
      try loop.run(process) { attendant.send(.started) }
    }
  }

  /// Returns the server, or throws why it did not start.
  private static func started(
    _ ref: ProcessRef<Message>,
    _ outcome: () throws -> ExitReason?
  ) throws -> ProcessRef<Message> {
    do {
      if let reason = try outcome() { throw StartError.ended(reason) }
      return ref
    } catch {
      ref.exit(.killed)
      if case CallError.timedOut = error { throw StartError.timedOut }
      throw error
    }
  }
}

/// What a server's attendant is told and asked.
private enum AttendantMail: Sendable {
  /// The server's process asks to be monitored.
  case begin(@Sendable (ProcessContext<AttendantMail>) -> Void, ReplyTo<Void>)
  case started
  case down(Down)
  /// The caller asks for the reason of the server's end, or nil if it has started.
  case outcome(ReplyTo<ExitReason?>)
}

private enum Attendant {
  static func run(_ process: ProcessContext<AttendantMail>) throws {
    var (caller, end): (ReplyTo<ExitReason?>?, ExitReason?)
    var isStarted = false
    while caller == nil || !isStarted && end == nil {
      switch try process.receive() {
      case .begin(let monitor, let reply):
        monitor(process)
        reply.send()
      case .started: isStarted = true
      case .down(let down): end = down.reason
      case .outcome(let reply): caller = reply
      }
    }
    caller?.send(isStarted ? nil : end)
  }
}
