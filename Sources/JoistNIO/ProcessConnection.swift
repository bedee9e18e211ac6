// SPDX-License-Identifier: Apache-2.0
//
// A channel of SwiftNIO as a process uses it: reading and writing park the process.

#if NIO
  public import Joist
  public import NIOCore

  /// A connection that a process reads and writes, over a channel of SwiftNIO.
  ///
  /// Made by ``NIOCore/Channel/serve(on:options:limits:_:)``, it belongs to the process that serves the connection.
  /// What the channel's pipeline reads is `Inbound`, and what it writes is `Outbound`: bytes, the messages of a codec,
  /// or datagrams.
  public final class ProcessConnection<Inbound: Sendable, Outbound: Sendable>: Sendable {
    private let input: ConnectionInput<Inbound>
    private let output: ConnectionOutput<Outbound>
    /// The channel.
    public let channel: any Channel

    init(_ channel: any Channel, _ input: ConnectionInput<Inbound>, _ output: ConnectionOutput<Outbound>) {
      self.channel = channel
      self.input = input
      self.output = output
    }

    /// Returns what the channel has read next, and waits for it.
    ///
    /// Parks the process. While the process takes nothing, the channel reads up to ``ConnectionLimits/inbound`` values,
    /// and then leaves the rest to the peer.
    ///
    /// - Parameters:
    ///   - process: The process that runs.
    ///   - timeout: The longest time to wait; nil for no limit.
    /// - Returns: The value; nil when the peer writes no more.
    /// - Throws: ``ConnectionError``; an error of the channel's pipeline; `ProcessExit` when the process is told to
    ///   exit.
    public func read<Message: ~Copyable>(
      in process: ProcessContext<Message>,
      timeout: Duration? = nil
    ) throws -> Inbound? {
      let deadline = timeout.map { process.now.advanced(by: $0) }
      while true {
        switch try input.next() {
        case .value(let value): return value
        case .end: return nil
        case .nothing: break
        }
        let left = deadline.map { process.now.duration(to: $0) }
        guard try process.awaitOutside(.descriptor, timeout: left, { input.wait($0) }) else {
          input.stopWaiting()
          throw ConnectionError.timedOut
        }
      }
    }

    /// Has the next value that the channel reads sent to a process as a message, together with its other mail.
    ///
    /// Returns at once. The message is sent once: the receiver asks again when it wants the next value, so that a fast
    /// peer does not fill its mailbox. The message's value is nil when the peer writes no more.
    ///
    /// - Parameters:
    ///   - receiver: The process that gets the message.
    ///   - message: Makes the message. Runs on the channel's event loop, and must not crash.
    /// - Throws: ``ConnectionError/closed`` after an error of the channel, or the error.
    public func deliverNext<Message: ~Copyable>(
      to receiver: ProcessRef<Message>,
      as message: @escaping @Sendable (Inbound?) -> sending Message
    ) throws {
      try input.deliverNext { receiver.send(message($0)) }
    }

    /// Writes a value, and waits while the channel has more to write than it takes.
    ///
    /// Parks the process only then. That the value was written is not known when the call returns; a channel that fails
    /// makes a later call throw.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - process: The process that runs.
    ///   - timeout: The longest time to wait; nil for no limit. The value is written even if it passes.
    /// - Throws: ``ConnectionError``; an error of the channel's pipeline; `ProcessExit` when the process is told to
    ///   exit.
    public func write<Message: ~Copyable>(
      _ value: Outbound,
      in process: ProcessContext<Message>,
      timeout: Duration? = nil
    ) throws {
      try output.add(value)
      try wait(until: output.hasRoom, in: process, timeout)
    }

    /// Waits until everything that was written before has been given to the system.
    ///
    /// Parks the process. Throws what ``write(_:in:timeout:)`` throws.
    public func flush<Message: ~Copyable>(in process: ProcessContext<Message>, timeout: Duration? = nil) throws {
      try wait(until: output.isFlushed, in: process, timeout)
    }

    private func wait<Message: ~Copyable>(
      until isDone: (WaitEnd?) throws -> Bool,
      in process: ProcessContext<Message>,
      _ timeout: Duration?
    ) throws {
      let deadline = timeout.map { process.now.advanced(by: $0) }
      while try !isDone(nil) {
        let left = deadline.map { process.now.duration(to: $0) }
        // After an error the next look throws it.
        let isTold = try process.awaitOutside(.descriptor, timeout: left) { end in
          if (try? isDone(end)) != false { end.tell() }
        }
        if !isTold { throw ConnectionError.timedOut }
      }
    }

    /// Ends the writing side when everything has been written, so that the peer reads an end; reading goes on.
    public func closeOutput() { output.close(.output) }

    /// Closes the connection when everything has been written, or after ``ConnectionLimits/lingering``.
    ///
    /// The end of the connection's process does that, too.
    public func close() { output.close(.all) }
  }

  /// Why a connection cannot be used.
  public enum ConnectionError: Error, Hashable, CustomStringConvertible {
    /// The channel is closed.
    case closed
    /// The time limit passed.
    case timedOut

    /// The reason in one sentence.
    public var description: String {
      switch self {
      case .closed: "the connection is closed"
      case .timedOut: "the connection was not ready in time"
      }
    }
  }

  /// How much a connection keeps, and for how long.
  public struct ConnectionLimits: Sendable, Hashable {
    /// The number of values that are read before the process takes one.
    public var inbound: Int
    /// The number of values that are written before the channel takes one.
    public var outbound: Int
    /// The time in which what was written must be gone when the connection is closed.
    public var lingering: Duration

    /// Makes limits.
    ///
    /// - Parameters:
    ///   - inbound: The number of values that are read before the process takes one.
    ///   - outbound: The number of values that are written before the channel takes one.
    ///   - lingering: The time in which what was written must be gone when the connection is closed.
    public init(inbound: Int = 16, outbound: Int = 64, lingering: Duration = .seconds(5)) {
      (self.inbound, self.outbound, self.lingering) = (max(1, inbound), max(1, outbound), lingering)
    }
  }
#endif
