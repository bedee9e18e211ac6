// SPDX-License-Identifier: Apache-2.0
//
// Spans of calls between processes.

#if Telemetry
  import InMemoryTracing
  import Joist
  import JoistTelemetry
  import TestSupport
  import Testing
  import Tracing

  private enum Request: Sendable {
    case get(ReplyTo<Int>)
    case crash(ReplyTo<Int>)
    case ignore(ReplyTo<Int>)
    case put
  }

  private struct Refused: Error, CustomStringConvertible { var description: String { "refused\u{1B}" } }

  /// A runtime with a store that answers traced requests.
  private struct Stage {
    let tracer = InMemoryTracer()
    let runtime: ProcessRuntime
    let store: ProcessRef<TracedMessage<Request>>

    init() throws {
      let runtime = try ProcessRuntime(.init(schedulers: 2, alarms: .none))
      let tracer = tracer
      store = runtime.spawn(TracedMessage<Request>.self, options: .init(name: "store")) { process in
        // Replies go out once the spans have ended, so that a caller finds them finished.
        while true {
          let answer = try process.receive().withSpan("serve", tracer: tracer) { request, span -> ReplyTo<Int>? in
            switch request {
            case .get(let reply):
              try process.sleep(for: .milliseconds(1))
              let child = tracer.startSpan("inside")
              child.end()
              return reply
            case .crash: fatalError("the store crashes")
            case .ignore, .put: return nil
            }
          }
          answer?.send(7)
        }
      }
      self.runtime = runtime
    }

    /// Runs a process until it ends, and then returns the finished spans by name.
    func spans(_ body: @escaping @Sendable (ProcessContext<Never>) throws -> Void) async -> [String:
      FinishedInMemorySpan]
    {
      runtime.spawn(Never.self, body)
      _ = await runtime.waitUntilIdle(timeout: testLimit)
      await runtime.shutdown()
      return Dictionary(tracer.finishedSpans.map { ($0.operationName, $0) }) { first, _ in first }
    }
  }

  extension TelemetryTests {
    @Suite struct TracingTests {
      @Test func `O1: the spans of a call and of its handling are parent and child, through waits on both sides`()
        async throws
      {
        let stage = try Stage()
        let (tracer, store) = (stage.tracer, stage.store)
        let replies = Log<Int>()
        let spans = await stage.spans { process in
          let outer = tracer.startSpan("outer")
          try ServiceContext.$current.withValue(outer.context) {
            try process.sleep(for: .milliseconds(1))
            let value: Int = try process.call(store, spanNamed: "get", tracer: tracer) { .get($0) }
            replies.add(value)
          }
          outer.end()
        }
        #expect(replies.entries == [7])
        let (outer, get) = (try #require(spans["outer"]), try #require(spans["get"]))
        let (serve, inside) = (try #require(spans["serve"]), try #require(spans["inside"]))
        #expect(outer.parentSpanID == nil && get.parentSpanID == outer.spanID)
        #expect(serve.parentSpanID == get.spanID && inside.parentSpanID == serve.spanID)
        #expect(Set([outer, get, serve, inside].map(\.traceID)).count == 1)
        #expect(get.kind == .client && serve.kind == .server)
        #expect(get.errors.isEmpty && get.status == nil && serve.errors.isEmpty)
        #expect(get.attributes.get("joist.callee") == .string("\(store.id)"))
        #expect(serve.attributes.get("joist.process") == .string("\(store.id)"))
        #expect(serve.attributes.get("joist.name") == .string("store"))
      }

      @Test func `O1: a span of one process is not seen by another on the same scheduler`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        let tracer = InMemoryTracer()
        let seen = Log<String?>()
        for name in ["a", "b"] {
          runtime.spawn { process in
            let span = tracer.startSpan(name)
            try ServiceContext.$current.withValue(span.context) {
              for _ in 0..<50 {
                try process.yield()
                let own = ServiceContext.current.flatMap { tracer.activeSpan(identifiedBy: $0)?.operationName }
                if own != name { seen.add(own) }
              }
            }
            if ServiceContext.current != nil { seen.add("left over") }
            span.end()
          }
        }
        runtime.spawn { process in
          for _ in 0..<50 {
            try process.yield()
            if ServiceContext.current != nil { seen.add("in a third one") }
          }
        }
        #expect(await runtime.waitUntilIdle(timeout: testLimit))
        #expect(seen.entries == [])
        #expect(tracer.finishedSpans.count == 2)
        await runtime.shutdown()
      }

      @Test func `O1: the span of a call whose callee crashes ends with the error`() async throws {
        let stage = try Stage()
        let (tracer, store) = (stage.tracer, stage.store)
        let spans = await stage.spans { process in
          let _: Int = try process.call(store, spanNamed: "call", tracer: tracer) { .crash($0) }
        }
        let span = try #require(spans["call"])
        guard case .exited(.trap) = span.errors.first?.error as? CallError else {
          Issue.record("The errors are \(span.errors).")
          return
        }
        #expect(span.errors.count == 1 && span.status?.code == .error)
        #expect(span.status?.message?.contains("the store crashes") == true)
      }

      @Test func `O1: the span of a call that times out ends with the error`() async throws {
        let stage = try Stage()
        let (tracer, store) = (stage.tracer, stage.store)
        let spans = await stage.spans { process in
          let _: Int = try process.call(store, spanNamed: "call", timeout: .milliseconds(5), tracer: tracer) {
            .ignore($0)
          }
        }
        let span = try #require(spans["call"])
        #expect(span.status?.code == .error && span.status?.message == "timedOut" && span.errors.count == 1)
        #expect(spans["serve"]?.parentSpanID == span.spanID)
      }

      @Test func `O1: the span of a caller that is told to exit ends with the error`() async throws {
        let stage = try Stage()
        let (tracer, store) = (stage.tracer, stage.store)
        let spans = await stage.spans { process in
          let me = process.ref
          process.spawn { process in
            try process.sleep(for: .milliseconds(5))
            me.exit(.shutdown)
          }
          let _: Int = try process.call(store, spanNamed: "call", tracer: tracer) { .ignore($0) }
        }
        let span = try #require(spans["call"])
        #expect(span.errors.first?.error is ProcessExit && span.status?.code == .error)
      }

      @Test func `O1: what a handler throws is recorded, passed on, and clean`() throws {
        let tracer = InMemoryTracer()
        #expect(throws: Refused.self) {
          try TracedMessage(1).withSpan("serve", tracer: tracer) { (_, _) throws(Refused) in throw Refused() }
        }
        let span = try #require(tracer.finishedSpans.first)
        #expect(span.errors.count == 1 && span.status?.message == "refused\\u{1B}")
      }

      @Test func `O1: a message without a reply and a call of a task carry their spans`() async throws {
        let stage = try Stage()
        let (tracer, store) = (stage.tracer, stage.store)
        let outer = tracer.startSpan("outer")
        try await ServiceContext.$current.withValue(outer.context) {
          store.send(TracedMessage(.put))
          let value: Int = try await store.call(spanNamed: "task", tracer: tracer) { .get($0) }
          #expect(value == 7)
        }
        outer.end()
        await stage.runtime.shutdown()
        let spans = tracer.finishedSpans
        let served = spans.filter { $0.operationName == "serve" }
        let task = try #require(spans.first { $0.operationName == "task" })
        #expect(served.map(\.parentSpanID) == [outer.spanID, task.spanID])
        #expect(task.parentSpanID == outer.spanID && task.attributes.get("joist.process") == nil)
      }
    }
  }
#endif
