// SPDX-License-Identifier: Apache-2.0
//
// Calls in a span: the caller's span is the parent of the one in which the called process handles the request.

#if Telemetry
  public import Joist
  public import Tracing

  extension ProcessContext where Message: ~Copyable {
    /// Sends a request to another process in a span of kind `client`, and parks until it replies.
    ///
    /// The span is a child of the one in which the caller runs. Its context goes to the other process in the request,
    /// which handles it in ``TracedMessage/withSpan(_:ofKind:tracer:_:)``. The span has the identity of the caller in
    /// `joist.process`, and that of the other process in `joist.callee`. If the call throws, the error is recorded. A
    /// caller that is killed while it waits may not end the span.
    ///
    /// - Parameters:
    ///   - ref: The process to call.
    ///   - name: The name of the span.
    ///   - timeout: The longest time to wait for the reply; nil waits forever.
    ///   - tracer: The tracer that records the span.
    ///   - request: Makes the request from the address for the reply.
    /// - Returns: The reply.
    /// - Throws: ``Joist/CallError`` if no reply comes, and ``Joist/ProcessExit`` if this process is told to exit, as
    ///   the call without a span does.
    public func call<Body: ~Copyable, Reply: ~Copyable>(
      _ ref: ProcessRef<TracedMessage<Body>>,
      spanNamed name: String,
      timeout: Duration? = nil,
      tracer: any Tracer = InstrumentationSystem.tracer,
      _ request: (ReplyTo<Reply>) -> sending Body
    ) throws -> sending Reply {
      let span = tracer.startSpan(name, context: .current ?? .topLevel, ofKind: .client)
      span.describeProcess()
      span.describeCallee(ref.id)
      let context = span.context
      do {
        let reply: Reply = try call(ref, timeout: timeout) { TracedMessage(request($0), context: context) }
        span.end(after: nil)
        return reply
      } catch {
        span.end(after: error)
        throw error
      }
    }
  }

  extension ProcessRef where Message: ~Copyable {
    /// Sends a request from a Swift task in a span of kind `client`; the task is suspended until the reply.
    ///
    /// The span and the context are those of the call by a process,
    /// ``Joist/ProcessContext/call(_:spanNamed:timeout:tracer:_:)``.
    ///
    /// - Parameters:
    ///   - name: The name of the span.
    ///   - timeout: The longest time to wait for the reply; nil waits forever.
    ///   - tracer: The tracer that records the span.
    ///   - isolation: The actor on which the closure runs.
    ///   - request: Makes the request from the address for the reply.
    /// - Returns: The reply.
    /// - Throws: ``Joist/CallError`` if no reply comes, and `CancellationError` if the task is cancelled.
    public func call<Body: ~Copyable, Reply: ~Copyable>(
      spanNamed name: String,
      timeout: Duration? = nil,
      tracer: any Tracer = InstrumentationSystem.tracer,
      isolation: isolated (any Actor)? = #isolation,
      _ request: (ReplyTo<Reply>) -> sending Body
    ) async throws -> sending Reply where Message == TracedMessage<Body> {
      let span = tracer.startSpan(name, context: .current ?? .topLevel, ofKind: .client)
      span.describeCallee(id)
      let context = span.context
      do {
        let reply: Reply = try await call(timeout: timeout, isolation: isolation) {
          TracedMessage(request($0), context: context)
        }
        span.end(after: nil)
        return reply
      } catch {
        span.end(after: error)
        throw error
      }
    }
  }
#endif
