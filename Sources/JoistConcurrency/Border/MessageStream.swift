// SPDX-License-Identifier: Apache-2.0
//
// A mailbox that a task reads. A process has the mailbox, and takes a message out only when the task asks for one: so
// the mailbox's limit holds for what the task has not read.

public import Joist
import Synchronization

/// The messages that processes send to a task, as an asynchronous sequence.
///
/// Made by ``Joist/ProcessRuntime/makeMessageStream(of:options:)``. It has one reader, and ends when its process does.
public struct MessageStream<Message: Sendable>: AsyncSequence, Sendable {
  fileprivate let reader: MessageReader<Message>

  /// Reads the messages.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let reader: MessageReader<Message>

    /// Returns the next message; nil when the process of the stream has ended, or the task is cancelled.
    public mutating func next() async -> Message? { await reader.next() }
  }

  /// Begins to read.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader) }
}

extension ProcessRuntime {
  /// Makes an address for messages that a task reads.
  ///
  /// ```swift
  /// let (prices, stream) = runtime.makeMessageStream(of: Int.self)
  /// runtime.spawn { _ in prices.send(5) }
  /// for await price in stream { print(price) }
  /// ```
  ///
  /// The mailbox is that of a process, with its options: a limit with `.block` makes senders wait for the
  /// reader. `ref.exit()` ends the stream.
  ///
  /// - Parameters:
  ///   - type: The type of the messages.
  ///   - options: The options of the process.
  /// - Returns: The address, and the messages.
  public func makeMessageStream<Message: Sendable>(
    of type: Message.Type,
    options: SpawnOptions = .init()
  ) -> (ref: ProcessRef<Message>, stream: MessageStream<Message>) {
    let reader = MessageReader<Message>()
    let ref = spawn(Message.self, options: options) { process in
      while true {
        try reader.demand.acquire()
        reader.give(try process.receive())
      }
    }
    ref.onEnd { _ in reader.end() }
    return (ref, MessageStream(reader: reader))
  }
}

/// What the process and the reader of a stream share.
private final class MessageReader<Message: Sendable>: Sendable {
  private struct State {
    /// The reader, while it waits.
    var waiting: CheckedContinuation<Message?, Never>?
    /// A message that came after its reader was cancelled.
    var left: Message?
    /// Whether the process was asked for a message that it has not given.
    var isAsked = false
    var isOver = false
  }

  private let state = Mutex(State())
  /// One permit for each message that the process is asked for.
  let demand = ProcessSemaphore(permits: 0)

  /// Hands a message to the reader.
  func give(_ message: Message) {
    let waiting = state.withLock { state in
      state.isAsked = false
      let waiting = state.waiting.take()
      if waiting == nil { state.left = message }
      return waiting
    }
    waiting?.resume(returning: message)
  }

  /// Ends the stream.
  func end() {
    let waiting = state.withLock { state in
      state.isOver = true
      return state.waiting.take()
    }
    waiting?.resume(returning: nil)
  }

  func next() async -> Message? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { wait(with: $0) }
    } onCancel: {
      state.withLock { $0.waiting.take() }?.resume(returning: nil)
    }
  }

  private func wait(with continuation: CheckedContinuation<Message?, Never>) {
    let (answer, asks) = state.withLock { state -> (Message??, Bool) in
      if let left = state.left.take() { return (.some(left), false) }
      // A cancellation that comes later finds the continuation.
      if state.isOver || Task.isCancelled { return (.some(nil), false) }
      precondition(state.waiting == nil, "a stream of messages has one reader")
      state.waiting = continuation
      defer { state.isAsked = true }
      return (nil, !state.isAsked)
    }
    if let answer { continuation.resume(returning: answer) }
    if asks { demand.release() }
  }
}
