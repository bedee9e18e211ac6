// SPDX-License-Identifier: Apache-2.0
//
// What a channel has read and its process has not taken.
// CI1. While the limit is reached, the channel does not read: its handler keeps the channel's wish to read, and asks
//      for it again when half of the values have been taken.

#if NIO
  import Joist
  import NIOCore
  import Synchronization

  /// The values between the channel's event loop, which adds them, and the process, which takes them.
  final class ConnectionInput<Inbound: Sendable>: Sendable {
    /// What the process finds.
    enum Next {
      case value(Inbound)
      case end
      case nothing
    }

    private struct State: Sendable {
      var values = CircularBuffer<Inbound>()
      var isAtEnd = false
      var error: (any Error)?
      var waiting: [WaitEnd] = []
      var deliver: (@Sendable (Inbound?) -> Void)?
      /// Whether the channel wanted to read when the limit was reached (CI1).
      var holdsRead = false

      /// Whether there is something to take; after an error there is.
      var isReady: Bool { !values.isEmpty || isAtEnd }

      /// Returns whether the channel is to read what it wanted to read.
      mutating func takeHeldRead(_ limit: Int) -> Bool {
        guard holdsRead, values.count <= limit / 2 else { return false }
        holdsRead = false
        return true
      }
    }

    private let limit: Int
    private let resume: @Sendable () -> Void
    private let state = Mutex(State())

    /// Makes an empty input; `resume` has the channel read again, and may be called on any thread.
    init(limit: Int, resume: @escaping @Sendable () -> Void) {
      self.limit = limit
      self.resume = resume
    }

    // MARK: The process

    /// Takes the next value.
    func next() throws -> Next {
      let (next, error, resumes): (Next, (any Error)?, Bool) = state.withLock { state in
        if let value = state.values.popFirst() { return (.value(value), nil, state.takeHeldRead(limit)) }
        if let error = state.error { return (.nothing, error, false) }
        return (state.isAtEnd ? .end : .nothing, nil, false)
      }
      if resumes { resume() }
      if let error { throw error }
      return next
    }

    /// Notes a process that waits for a change; tells it at once if there is something to take.
    func wait(_ end: WaitEnd) {
      let isReady = state.withLock { state in
        state.waiting.append(end)
        return state.isReady
      }
      if isReady { end.tell() }
    }

    /// Has the next value given to a closure, at once if there is one.
    func deliverNext(_ deliver: @escaping @Sendable (Inbound?) -> Void) throws {
      let next = try next()
      if case .value(let value) = next { return deliver(value) }
      if case .end = next { return deliver(nil) }
      let isReady = state.withLock { state in
        state.deliver = deliver
        return state.isReady
      }
      if isReady { hasChanged() }
    }

    // MARK: The event loop

    /// Adds a value.
    func add(_ value: Inbound) {
      state.withLock { $0.values.append(value) }
      hasChanged()
    }

    /// Notes that nothing follows, because of an error if there is one.
    func end(_ error: (any Error)? = nil) {
      state.withLock { state in
        state.isAtEnd = true
        if state.error == nil { state.error = error }
      }
      hasChanged()
    }

    /// Whether the process waits for the input, or has some left to take.
    var isInUse: Bool { state.withLock { !$0.values.isEmpty || !$0.waiting.isEmpty || $0.deliver != nil } }

    /// Notes that the process waits no longer, because its time has passed.
    func stopWaiting() { state.withLock { $0.waiting.removeAll() } }

    /// Returns whether the channel may read now; otherwise its wish is kept (CI1).
    func mayRead() -> Bool {
      state.withLock { state in
        state.holdsRead = state.values.count >= limit
        return !state.holdsRead
      }
    }

    /// Tells the process, or gives the next value to the closure that waits for it.
    private func hasChanged() {
      let (waiting, deliver) = state.withLock { state in
        defer { state.waiting.removeAll() }
        return (state.waiting, state.deliver.take())
      }
      for end in waiting { end.tell() }
      guard let deliver else { return }
      switch try? next() {
      case .value(let value): deliver(value)
      case .end, nil: deliver(nil)
      case .nothing: state.withLock { $0.deliver = deliver }
      }
    }
  }
#endif
