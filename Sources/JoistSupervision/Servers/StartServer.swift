// SPDX-License-Identifier: Apache-2.0
//
// Starting servers without a supervisor.

public import Joist

extension ProcessRuntime {
  /// Makes a process of a server, which moves into it.
  ///
  /// Does not wait until it has started: its messages do. Where no process can be made, the ref is of one that is dead
  /// already.
  @discardableResult
  public func start<S: Server>(_ server: sending S, options: SpawnOptions = .init()) -> ProcessRef<S.Message> {
    spawn(S.Message.self, options: options, ServerBody.of(server))
  }
}

extension ProcessContext where Message: ~Copyable {
  /// Makes a process of a server, which moves into it; does not wait until it has started.
  @discardableResult
  public func start<S: Server>(_ server: sending S, options: SpawnOptions = .init()) -> ProcessRef<S.Message> {
    spawn(S.Message.self, options: options, ServerBody.of(server))
  }

  /// Makes a process of a server and links it with this one, in one step; does not wait until it has started.
  ///
  /// This process is the server's parent: when it ends, whatever the reason, the server calls `terminate` and ends for
  /// the same reason, also if it traps exits.
  @discardableResult
  public func startLinked<S: Server>(_ server: sending S, options: SpawnOptions = .init()) -> ProcessRef<S.Message> {
    spawnEndingWithThis(S.Message.self, options: options, ServerBody.of(server))
  }
}

private enum ServerBody {
  static func of<S: Server>(_ server: sending S) -> sending (ProcessContext<S.Message>) throws -> Void {
    let server = Disconnected(server)
    return { process in
      var loop = ServerLoop(server: server.open())
      try loop.run(process)
    }
  }
}
