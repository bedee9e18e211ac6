// SPDX-License-Identifier: Apache-2.0
//
// A message with the span that it belongs to. The context travels by value in the message: Joist's own messages have no
// room for it, so programs that do not trace pay nothing.

#if Telemetry
  public import Tracing

  /// A message that carries the context of the span in which it was made.
  ///
  /// A process that takes part in traces receives messages of this type. Their senders wrap what they send, and a call
  /// with a span wraps its request by itself:
  ///
  /// ```
  /// let store = runtime.spawn(TracedMessage<StoreRequest>.self) { process in
  ///   while true {
  ///     try process.receive().withSpan("store") { request, span in … }
  ///   }
  /// }
  /// store.send(TracedMessage(.put("a", 1)))
  /// let value = try process.call(store, spanNamed: "get") { .get("a", $0) }
  /// ```
  public struct TracedMessage<Body: ~Copyable>: ~Copyable {
    /// The context of the span that the message belongs to, with its baggage.
    public var context: ServiceContext
    /// The message itself.
    public var body: Body

    /// Wraps a message.
    ///
    /// - Parameters:
    ///   - body: The message itself.
    ///   - context: The context that it carries; nil for that of the span in which the caller runs.
    public init(_ body: consuming Body, context: ServiceContext? = nil) {
      self.body = body
      self.context = context ?? .current ?? .topLevel
    }
  }

  extension TracedMessage: Copyable where Body: Copyable {}
  extension TracedMessage: Sendable where Body: Sendable, Body: ~Copyable {}

  extension TracedMessage where Body: ~Copyable {
    /// Handles the message in a span whose parent is the span that the message carries.
    ///
    /// While `handle` runs, the new span's context is the task-local one: spans that it starts are children, also after
    /// the process has waited and goes on another thread. Other processes do not see it. The span has the identity of
    /// the process in `joist.process`, and its registered name in `joist.name`. If `handle` throws, the error is
    /// recorded. A process that crashes or is killed in `handle` does not end the span; its caller's has the error.
    ///
    /// - Parameters:
    ///   - name: The name of the span.
    ///   - kind: The kind of the span: `.server` for a request, `.consumer` for a message without a reply.
    ///   - tracer: The tracer that records the span.
    ///   - handle: The closure that handles the message; it is called once, with the message itself and the span.
    /// - Returns: What the closure returns.
    /// - Throws: What the closure throws.
    public consuming func withSpan<Result: ~Copyable, Failure: Error>(
      _ name: String,
      ofKind kind: SpanKind = .server,
      tracer: any Tracer = InstrumentationSystem.tracer,
      _ handle: (consuming Body, any Span) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      let span = tracer.startSpan(name, context: context, ofKind: kind)
      span.describeProcess()
      var body = Optional(body)
      var result: Result?
      var failure: Failure?
      ServiceContext.$current.withValue(span.context) {
        do throws(Failure) { result = try handle(body.take()!, span) } catch { failure = error }
      }
      span.end(after: failure)
      if let failure { throw failure }
      return result.take()!
    }
  }
#endif
