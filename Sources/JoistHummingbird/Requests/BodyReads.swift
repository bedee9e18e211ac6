// SPDX-License-Identifier: Apache-2.0
//
// Watches who reads the body of a request. After a crash the connection skips the rest of the body and reads the next
// request, while a task that the crashed code has started may still run: it must not read what belongs to the next
// request.

#if Hummingbird
  import HTTPTypes
  import Hummingbird
  import NIOCore
  import Synchronization

  /// The reads of a request's body.
  final class BodyReads: Sendable {
    private struct State {
      var isReading = false
      var isAbandoned = false
    }

    private let state = Mutex(State())

    /// Ends all reads; returns false if one is under way.
    func abandon() -> Bool {
      state.withLock { state in
        state.isAbandoned = true
        return !state.isReading
      }
    }

    fileprivate func begin() throws {
      try state.withLock { state in
        if state.isAbandoned { throw CancellationError() }
        state.isReading = true
      }
    }

    fileprivate func end() { state.withLock { $0.isReading = false } }
  }

  /// The body of a request, whose reads are watched.
  private struct WatchedBody: AsyncSequence, Sendable {
    struct Iterator: AsyncIteratorProtocol {
      var base: RequestBody.AsyncIterator
      let reads: BodyReads

      @concurrent mutating func next() async throws -> ByteBuffer? {
        try reads.begin()
        defer { reads.end() }
        return try await base.next()
      }
    }

    let base: RequestBody
    let reads: BodyReads

    func makeAsyncIterator() -> Iterator { Iterator(base: base.makeAsyncIterator(), reads: reads) }
  }

  extension Request {
    /// Whether the client says that a body follows the head.
    var hasBody: Bool {
      headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } ?? false
    }

    /// Returns the request with a body whose reads are watched.
    func watched(by reads: BodyReads) -> Request {
      var request = self
      request.body = RequestBody(asyncSequence: WatchedBody(base: body, reads: reads))
      return request
    }
  }
#endif
