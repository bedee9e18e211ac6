// SPDX-License-Identifier: Apache-2.0
//
// The files that the page offers: traces, profiles, stacks and dumps.

#if Dashboard
  import HTTPTypes
  import Hummingbird
  import JoistObservation
  import NIOCore

  extension Dashboard {
    /// The time of a recording or of a profile if the address names none: short enough to wait for.
    private static let traceSeconds = 1.0
    private static let profileSeconds = 5.0

    func addDownloads<Context>(to routes: RouterGroup<Context>) {
      addTrace("trace.json", "application/json", to: routes) { try $0.writeChromeJSON($1) }
      addTrace("trace.perfetto", "application/octet-stream", to: routes) { try $0.writePerfetto($1) }
      addProfile("profile.pb.gz", "application/gzip", to: routes) { $0.pprof() }
      addProfile("flamegraph.svg", "image/svg+xml", to: routes) { profile in
        Array(profile.flameGraph(title: "\(profile.programName), processor time").utf8)
      }
      addFile("stacks.txt", "text/plain; charset=utf-8", to: routes) { [rows = options.limits.rows] answers, _ in
        try await answers.answer(.stackText(limit: rows))
      }
      let dumpBytes = options.limits.dumpBytes
      addFile("dump.txt", "text/plain; charset=utf-8", to: routes) { answers, _ in
        try await answers.answer(.dump(asJSON: false, limitBytes: dumpBytes))
      }
      addFile("dump.jsonl", "application/jsonl", to: routes) { answers, _ in
        try await answers.answer(.dump(asJSON: true, limitBytes: dumpBytes))
      }
    }

    private func addFile<Context>(
      _ name: String,
      _ type: String,
      to routes: RouterGroup<Context>,
      _ make: @escaping @Sendable (Answers, QueryParameters) async throws -> [UInt8]
    ) {
      routes.get("download/\(name)") { [service] request, _ in
        await Self.respond {
          Self.attachment(name, type, try await make(service.answers, QueryParameters(request)))
        }
      }
    }

    private func addProfile<Context>(
      _ name: String,
      _ type: String,
      to routes: RouterGroup<Context>,
      _ make: @escaping @Sendable (StackProfile) -> [UInt8]
    ) {
      let most = options.limits.recordingSeconds
      addFile(name, type, to: routes) { answers, query in
        let seconds = try query.seconds(usual: Self.profileSeconds, most: most)
        return make(try await answers.answer(.profile(seconds: seconds)))
      }
    }

    private func addTrace<Context>(
      _ name: String,
      _ type: String,
      to routes: RouterGroup<Context>,
      _ write: @escaping @Sendable (ExecutionTrace, _ sink: ([UInt8]) throws -> Void) throws -> Void
    ) {
      let most = options.limits.recordingSeconds
      routes.get("download/\(name)") { [service] request, _ in
        await Self.respond {
          let query = QueryParameters(request)
          let trace = try await service.answers.answer(
            .trace(seconds: try query.seconds(usual: Self.traceSeconds, most: most), level: try query.level())
          )
          return Self.attachment(name, type, Self.streamed(service.answers) { sink in try write(trace, sink) })
        }
      }
    }

    /// Returns a body whose bytes a thread writes while the client reads them.
    private static func streamed(
      _ answers: Answers,
      _ write: @escaping @Sendable (_ sink: ([UInt8]) throws -> Void) throws -> Void
    ) -> ResponseBody {
      ResponseBody { writer in
        let pipe = ChunkPipe()
        let thread = Task {
          do {
            try await answers.write { try write { try pipe.put($0) } }
            pipe.finish()
          } catch { pipe.finish(error) }
        }
        defer { pipe.abandon() }
        for try await chunk in pipe.chunks {
          try await writer.write(ByteBuffer(bytes: chunk))
          pipe.sent()
        }
        await thread.value
        try await writer.finish(nil)
      }
    }

    private static func attachment(_ name: String, _ type: String, _ bytes: [UInt8]) -> Response {
      attachment(name, type, ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static func attachment(_ name: String, _ type: String, _ body: ResponseBody) -> Response {
      Response(
        status: .ok,
        headers: [.contentType: type, .contentDisposition: "attachment; filename=\"\(name)\""],
        body: body
      )
    }
  }
#endif
