// SPDX-License-Identifier: Apache-2.0
//
// What a process has written and its channel has not taken.
// CO1. The values of many calls go to the event loop together: it is called once, and takes all that is there then.

#if NIO
  import Joist
  import NIOCore
  import Synchronization

  /// The values between the process, which adds them, and the channel's event loop, which writes them.
  final class ConnectionOutput<Outbound: Sendable>: Sendable {
    private struct State: Sendable {
      var values = CircularBuffer<Outbound>()
      /// Whether the event loop has been called, and has not taken the values (CO1).
      var isCalled = false
      /// The number of values that the channel has taken and not given to the system.
      var inFlight = 0
      var isWritable = true
      /// The error after which nothing can be written.
      var error: (any Error)?
      /// How the channel is closed when all is written.
      var closing: CloseMode?
      var waiting: [WaitEnd] = []

      var isEmpty: Bool { values.isEmpty && inFlight == 0 }
    }

    private let limits: ConnectionLimits
    private let channel: any Channel
    private let state = Mutex(State())

    init(_ channel: any Channel, _ limits: ConnectionLimits) {
      self.channel = channel
      self.limits = limits
    }

    // MARK: The process

    /// Adds a value.
    func add(_ value: Outbound) throws {
      let (error, calls): ((any Error)?, Bool) = state.withLock { state in
        if let error = state.error { return (error, false) }
        if state.closing != nil { return (ConnectionError.closed, false) }
        state.values.append(value)
        defer { state.isCalled = true }
        return (nil, !state.isCalled)
      }
      if let error { throw error }
      if calls { channel.eventLoop.execute { self.writeAll() } }
    }

    /// Returns whether there is room for a value; notes a process that waits for room otherwise.
    func hasRoom(_ end: WaitEnd?) throws -> Bool {
      try holds(end) { [limits] state in state.isWritable && state.values.count < limits.outbound }
    }

    /// Returns whether the system has everything; notes a process that waits for that otherwise.
    func isFlushed(_ end: WaitEnd?) throws -> Bool { try holds(end) { $0.isEmpty } }

    private func holds(_ end: WaitEnd?, _ isDone: (State) -> Bool) throws -> Bool {
      let (error, isDone): ((any Error)?, Bool) = state.withLock { state in
        if let error = state.error { return (error, false) }
        if isDone(state) { return (nil, true) }
        if let end { state.waiting.append(end) }
        return (nil, false)
      }
      if let error { throw error }
      return isDone
    }

    /// Closes the channel, or its output, when everything has been written, or at once.
    func close(_ mode: CloseMode, atOnce: Bool = false) {
      channel.eventLoop.execute {
        if atOnce { return self.channel.close(mode: mode, promise: nil) }
        let isEmpty = self.state.withLock { state in
          if state.closing != .all { state.closing = mode }
          return state.isEmpty
        }
        if isEmpty { return self.channel.close(mode: mode, promise: nil) }
        guard mode == .all else { return }
        let limit = TimeAmount(self.limits.lingering)
        let end = self.channel.eventLoop.scheduleTask(in: limit) { self.channel.close(promise: nil) }
        self.channel.closeFuture.whenComplete { _ in end.cancel() }
      }
    }

    // MARK: The event loop

    /// Gives the values to the channel (CO1).
    private func writeAll() {
      let values = state.withLock { state in
        state.isCalled = false
        state.inFlight += state.values.count
        defer { state.values.removeAll(keepingCapacity: true) }
        return state.values
      }
      for value in values { channel.write(value).whenComplete { self.written($0) } }
      channel.flush()
      // Room for more, unless the channel has too much.
      setWritable(channel.isWritable)
    }

    private func written(_ result: Result<Void, any Error>) {
      // A datagram that cannot be sent is lost, as others are on their way.
      if case .failure(let error) = result, !channel.carriesDatagrams { return fail(error) }
      let closing = change { state in
        state.inFlight -= 1
        return state.isEmpty ? state.closing : nil
      }
      if let closing { channel.close(mode: closing, promise: nil) }
    }

    /// Notes whether the channel takes more.
    func setWritable(_ isWritable: Bool) { change { $0.isWritable = isWritable } }

    /// Notes that nothing can be written any more.
    func fail(_ error: any Error) { change { if $0.error == nil { $0.error = error } } }

    /// Changes the state, and has those that wait look at it again.
    private func change<Outcome: Sendable>(_ body: (inout State) -> Outcome) -> Outcome {
      let (outcome, waiting) = state.withLock { state in
        defer { state.waiting.removeAll() }
        return (body(&state), state.waiting)
      }
      for end in waiting { end.tell() }
      return outcome
    }
  }
#endif
