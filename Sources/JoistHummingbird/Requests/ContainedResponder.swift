// SPDX-License-Identifier: Apache-2.0
//
// The guard around the code for a request: middleware, route and handler.

#if Hummingbird
  public import Hummingbird
  import Joist
  import JoistConcurrency
  import Logging

  /// A responder whose crashes become responses.
  public struct ContainedResponder<Base: HTTPResponder>: HTTPResponder {
    /// The context of a request.
    public typealias Context = Base.Context

    private let base: Base
    private let containment: Containment

    init(_ base: Base, _ containment: Containment) {
      self.base = base
      self.containment = containment
    }

    /// Returns the response to a request, also after a crash.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: Its context.
    /// - Returns: The response.
    /// - Throws: What the code for the request throws.
    public func respond(to request: Request, context: Context) async throws -> Response {
      let logger = (context as? any RequestContext)?.logger
      LastRequest.current?.set(request, logger)
      let body = request.hasBody ? BodyReads() : nil
      let watched = body.map { request.watched(by: $0) } ?? request
      // Sound: the caller waits for the guard, and does not use the context after it.
      nonisolated(unsafe) let context = context
      do {
        return try await containment.runtime.contain(within: containment.deadline) {
          try await unsafe base.respond(to: watched, context: context)
        }
      } catch let crash as ContainedCrash {
        let response = containment.respond(to: request, after: crash, logger)
        return body?.abandon() == false ? response.closing : response
      } catch let deadline as ContainDeadlinePassed {
        let response = containment.respond(to: request, after: deadline, logger)
        return body?.abandon() == false ? response.closing : response
      }
    }
  }

  extension Response {
    /// The response, after which the connection is closed.
    ///
    /// Hummingbird closes a connection if the body's code throws an error.
    fileprivate var closing: Response {
      var response = self
      response.headers[.connection] = "close"
      let body = response.body
      response.body = ResponseBody(contentLength: body.contentLength) { writer in
        try await body.write(writer)
        throw ClosedAfterCrash()
      }
      return response
    }
  }

  /// The error that makes Hummingbird close a connection.
  private struct ClosedAfterCrash: Error {}
#endif
