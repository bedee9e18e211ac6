// SPDX-License-Identifier: Apache-2.0
//
// The guard around the code for a request: middleware, route and handler.

#if Hummingbird
  public import Hummingbird
  import Joist
  import JoistConcurrency

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
      let handled = HandledRequest(request, context)
      LastRequest.current?.set(handled)
      containment.lookAtRuntime()
      do {
        let late: @Sendable (ContainedCrash) -> Void = { [containment] in containment.crashed(late: $0, handled) }
        return try await containment.runtime.contain(within: containment.deadline, late: late) { [base] in
          try await base.respond(to: handled.request, context: handled.context)
        }
      } catch let crash as ContainedCrash {
        return handled.abandoned(containment.respond(to: handled, after: crash))
      } catch let deadline as ContainDeadlinePassed {
        return handled.abandoned(containment.respond(to: handled, after: deadline))
      }
    }
  }

  extension AnyHandledRequest {
    /// Takes the body from the code that has read it until now, and returns the response to write.
    fileprivate func abandoned(_ response: Response) -> Response {
      reads?.abandon() == false ? response.closing : response
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
