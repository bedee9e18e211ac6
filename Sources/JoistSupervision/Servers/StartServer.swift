// SPDX-License-Identifier: Apache-2.0
//
// Starting servers without a supervisor. The functions are static, because a server moves into its process: only a
// parameter can be `sending`, `self` cannot.

public import Joist

extension Server {
  /// Starts a server on a runtime, as a process that no other process owns.
  ///
  /// The server moves into the process. The call does not wait for the server's `start` to finish, but messages that
  /// are sent to the server do. If no process can be created, the returned ref is of a process that has ended.
  ///
  /// ```
  /// let store = Store.start(Store(), on: runtime)
  /// ```
  @discardableResult
  public static func start(
    _ server: sending Self,
    on runtime: ProcessRuntime,
    options: SpawnOptions = .init()
  ) -> ProcessRef<Message> {
    runtime.spawn(Message.self, options: options, ServerBody.of(server))
  }

  /// Starts a server from a process, without a link: the server lives on when the process ends.
  ///
  /// The server moves into its process. The call does not wait for the server's `start` to finish. If no process can be
  /// created, the returned ref is of a process that has ended.
  @discardableResult
  public static func start<Starter: ~Copyable>(
    _ server: sending Self,
    from process: ProcessContext<Starter>,
    options: SpawnOptions = .init()
  ) -> ProcessRef<Message> {
    process.spawn(Message.self, options: options, ServerBody.of(server))
  }

  /// Starts a server from a process and links the two in one step; the process is the server's parent.
  ///
  /// When the parent ends, whatever the reason, the server calls `terminate` and ends for the same reason, even if it
  /// traps exits. The server moves into its process. The call does not wait for the server's `start` to finish.
  @discardableResult
  public static func start<Parent: ~Copyable>(
    _ server: sending Self,
    linkedTo process: ProcessContext<Parent>,
    options: SpawnOptions = .init()
  ) -> ProcessRef<Message> {
    process.spawnEndingWithThis(Message.self, options: options, ServerBody.of(server))
  }
}

private enum ServerBody {
  /// Returns the body of a process that runs the server.
  static func of<S: Server>(_ server: sending S) -> sending (ProcessContext<S.Message>) throws -> Void {
    let server = Disconnected(server)
    return { process in
      var loop = ServerLoop(server: server.open())
      try loop.run(process)
    }
  }
}
