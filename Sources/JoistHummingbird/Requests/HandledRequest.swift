// SPDX-License-Identifier: Apache-2.0
//
// A request with its context, while the program's code handles it. One object has both, so that they are copied once.

#if Hummingbird
  import Hummingbird
  import Logging
  import Synchronization

  /// A request with its context, of whatever type.
  protocol AnyHandledRequest: AnyObject, Sendable {
    /// The request as the program's code gets it.
    var request: Request { get }
    /// The reads of its body; nil if it has none.
    var reads: BodyReads? { get }
    /// The log of the request, if its context has one.
    var logger: Logger? { get }
  }

  /// A request with its context.
  // Sound: the context is only passed on, to code that uses it as it would without the guard. The log is looked for
  // only after a crash.
  final class HandledRequest<Context>: AnyHandledRequest, @unchecked Sendable {
    let request: Request
    let context: Context
    let reads: BodyReads?

    init(_ request: Request, _ context: Context) {
      let reads = request.hasBody ? BodyReads() : nil
      self.request = reads.map { request.watched(by: $0) } ?? request
      self.context = context
      self.reads = reads
    }

    var logger: Logger? { (context as? any RequestContext)?.logger }
  }

  /// The last request on a connection, for the log line of a crash outside of the code for a request.
  final class LastRequest: Sendable {
    @TaskLocal static var current: LastRequest?

    private let state = Mutex<(any AnyHandledRequest)?>(nil)

    var get: (any AnyHandledRequest)? { state.withLock { $0 } }

    func set(_ request: any AnyHandledRequest) { state.withLock { $0 = request } }
  }
#endif
