// SPDX-License-Identifier: Apache-2.0
//
// Serving a channel by a process.

#if NIO
  public import Joist
  public import NIOCore

  extension Channel {
    /// Serves this channel by a process of its own, which reads and writes the channel's bytes.
    ///
    /// ```swift
    /// ServerBootstrap(group: group).childChannelInitializer { channel in
    ///   channel.serve(on: runtime) { connection, process in
    ///     while let bytes = try connection.read(in: process) { try connection.write(bytes, in: process) }
    ///   }
    /// }
    /// ```
    ///
    /// Called where the channel is set up, after its other handlers were added. The channel is closed when the process
    /// ends: when everything has been written if it ended in an orderly way, and at once otherwise. If the channel is
    /// closed by an error or by its peer, reading and writing say so, and a process that waits for something else is
    /// told to exit, with `shutdownBecause(ConnectionError.closed)`. A peer that only ends its writing side, as most do
    /// first, is read to the end.
    ///
    /// - Parameters:
    ///   - runtime: The runtime of the process.
    ///   - options: The options of the process.
    ///   - limits: How much the connection keeps.
    ///   - body: What the process does.
    /// - Returns: A future that fails, and closes the channel, if the process could not be created.
    public func serve(
      on runtime: ProcessRuntime,
      options: SpawnOptions = .init(),
      limits: ConnectionLimits = .init(),
      _ body: @escaping @Sendable (ProcessConnection<ByteBuffer, ByteBuffer>, ProcessContext<Never>) throws -> Void
    ) -> EventLoopFuture<Void> {
      serve(
        on: runtime,
        reading: ByteBuffer.self,
        writing: ByteBuffer.self,
        taking: Never.self,
        options: options,
        limits: limits,
        body
      )
    }

    /// Serves this channel by a process of its own, which reads and writes the values of the channel's last handlers.
    ///
    /// It does what ``serve(on:options:limits:_:)`` does, and says the rest. For datagrams the values are
    /// `AddressedEnvelope<ByteBuffer>`.
    ///
    /// - Parameters:
    ///   - runtime: The runtime of the process.
    ///   - inbound: The type of the values that are read: `ByteBuffer`, or that of a decoder.
    ///   - outbound: The type of the values that are written.
    ///   - type: The type of the messages that the process takes besides.
    ///   - options: The options of the process.
    ///   - limits: How much the connection keeps.
    ///   - body: What the process does.
    /// - Returns: A future that fails, and closes the channel, if the process could not be created.
    public func serve<Inbound: Sendable, Outbound: Sendable, Message: ~Copyable>(
      on runtime: ProcessRuntime,
      reading inbound: Inbound.Type,
      writing outbound: Outbound.Type,
      taking type: Message.Type,
      options: SpawnOptions = .init(),
      limits: ConnectionLimits = .init(),
      _ body: @escaping @Sendable (ProcessConnection<Inbound, Outbound>, ProcessContext<Message>) throws -> Void
    ) -> EventLoopFuture<Void> {
      eventLoop.submit { [self] in
        // A peer that writes no more may still read. A channel of datagrams has no such end, and traps at the option.
        if self is any SocketOptionProvider, !carriesDatagrams {
          try syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        }
        let handler = ConnectionHandler<Inbound, Outbound>(self, limits)
        try pipeline.syncOperations.addHandler(handler)
        let connection = ProcessConnection(self, handler.input, handler.output)
        let ref = try runtime.trySpawn(Message.self, options: options) { process in try body(connection, process) }
        handler.exit = { ref.exit(.shutdownBecause(ConnectionError.closed)) }
        let end = ConnectionEnd(output: handler.output)
        if OwnerProcess(ref)?.watch(by: end) == nil { end.ownerEnded(ref.id, .normal) }
      }.flatMapErrorThrowing { [self] error in
        close(promise: nil)
        throw error
      }
    }
  }

  extension Channel {
    /// Whether it reads and writes datagrams: of the system's channels, only those can join multicast groups.
    var carriesDatagrams: Bool { self is any MulticastChannel }
  }

  /// Closes a channel when its process has ended.
  private final class ConnectionEnd<Outbound: Sendable>: OwnerWatcher {
    private let output: ConnectionOutput<Outbound>

    init(output: ConnectionOutput<Outbound>) { self.output = output }

    func ownerEnded(_ owner: ProcessID, _ reason: ExitReason) { output.close(.all, atOnce: !reason.isOrderly) }
  }
#endif
