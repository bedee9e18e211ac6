// SPDX-License-Identifier: Apache-2.0
//
// A crash in the code for a request ends the request, and nothing else.

#if Hummingbird
  import Foundation
  import Hummingbird
  import HummingbirdTesting
  import InMemoryLogging
  import Joist
  import JoistConcurrency
  import JoistHummingbird
  import Logging
  import TestSupport
  import Testing

  @inline(never) private func overflow(_ depth: Int) -> Int { depth == .max ? 0 : overflow(depth + 1) + 1 }

  private actor Shelf: RecoverableActor {
    private var isBroken = false
    var repairs = 0

    func recover(from crash: ContainedCrash) {
      repairs += isBroken ? 1 : 0
      isBroken = false
    }

    func crashes() -> Int {
      isBroken = true
      return crash()
    }
  }

  private struct CrashingMiddleware: RouterMiddleware {
    func handle(
      _ request: Request,
      context: BasicRequestContext,
      next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
      if request.uri.path == "/before" { _ = crash() }
      let response = try await next(request, context)
      if request.uri.path == "/after" { _ = crash() }
      return response
    }
  }

  private struct CrashingInput: Decodable {
    init(from decoder: any Decoder) throws { _ = crash() }
  }

  private struct CrashingOutput: ResponseEncodable, Encodable {
    func encode(to encoder: any Encoder) throws { _ = crash() }
  }

  private final class Fragile: Sendable {
    deinit { _ = crash() }
  }

  private struct Described: Error, CustomStringConvertible, HTTPResponseError {
    var description: String { "\(crash())" }
    var status: HTTPResponse.Status { .badRequest }
    func response(from request: Request, context: some RequestContext) throws -> Response {
      context.logger.critical("\(self)")
      return Response(status: .badRequest)
    }
  }

  /// The places of a request's life in which code of the program runs before the head of the response is written.
  private enum Place: String, CaseIterable {
    case before, handler, afterYield, overflow, asyncLet, group, task, actor, input, output, destroyed, logging, after

    static func add(to router: Router<BasicRequestContext>) {
      router.add(middleware: CrashingMiddleware())
      let shelf = Shelf()
      router.get("repairs") { _, _ in "\(await shelf.repairs)" }
      for place in [Place.before, .after] { router.get("\(place)") { _, _ in "" } }
      router.get("handler") { _, _ in "\(crash())" }
      router.get("afterYield") { _, _ in
        await Task.yield()
        return "\(crash())"
      }
      router.get("overflow") { _, _ in "\(HummingbirdTests.overflow(0))" }
      router.get("asyncLet") { _, _ in
        async let number = crash()
        return "\(await number)"
      }
      router.get("group") { _, _ in
        await withTaskGroup(of: Int.self) { group in
          for _ in 0..<3 { group.addTask { crash() } }
          return "\(await group.reduce(0, +))"
        }
      }
      router.get("task") { _, _ in "\(await Task { crash() }.value)" }
      router.get("actor") { _, _ in "\(await shelf.crashes())" }
      router.get("input") { _, _ in "\(try JSONDecoder().decode(CrashingInput.self, from: Data("{}".utf8)))" }
      router.get("output") { _, _ in CrashingOutput() }
      router.get("destroyed") { _, _ in
        let object = Fragile()
        await Task.yield()
        return "\(ObjectIdentifier(object) == ObjectIdentifier(Shelf.self))"
      }
      router.get("logging") { _, _ -> String in throw Described() }
    }
  }

  /// Waits until a log has lines of errors, and returns them.
  private func firstErrors(in log: InMemoryLogHandler) async -> [InMemoryLogHandler.Entry] {
    while true {
      let lines = log.entries.filter { $0.level == .error }
      if !lines.isEmpty { return lines }
      await Task.yield()
    }
  }

  @Suite(.timeLimit(.minutes(15))) struct RequestCrashTests {
    @Test func `A3: a crash in each place before the response answers 500, and the connection goes on`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endServer(routes: Place.add) { port, runtime, _ in
          try await Client.connect(port) { client in
            for place in Place.allCases {
              guard let answer = try await client.ask("/\(place)"), answer == (500, "") else {
                print("\(place) gives another answer")
                return false
              }
              guard try await client.ask("/hello")?.body == "hello" else { return false }
            }
            return try await client.ask("/repairs")?.body == "1" && runtime.crashedTasks >= Place.allCases.count
          }
        }
      }
    }

    @Test func `A3: a request after a crash is not mixed up with the rest of the crashed one's body`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endServer { router in
          router.post("half") { request, _ -> String in
            for try await _ in request.body { _ = crash() }
            return ""
          }
          router.post("whole") { request, _ -> String in
            _ = try await request.body.collect(upTo: 1 << 20)
            return "\(crash())"
          }
          router.post("echo") { request, _ in String(buffer: try await request.body.collect(upTo: 1 << 20)) }
        } ifHolds: { port, _, _ in
          try await Client.connect(port) { client in
            let large = String(repeating: "GET /hello HTTP/1.1\r\n\r\n", count: 20_000)
            for path in ["/half", "/whole"] {
              guard try await client.ask(path, method: "POST", body: large)?.status == 500 else { return false }
              guard try await client.ask("/echo", method: "POST", body: "echo")?.body == "echo" else { return false }
            }
            return true
          }
        }
      }
    }

    @Test func `A3: a connection is closed if a task of a crashed request is still reading the body`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endServer { router in
          router.post("reading") { request, _ -> String in
            Task { for try await _ in request.body {} }
            for _ in 0..<100 { await Task.yield() }
            return "\(crash())"
          }
        } ifHolds: { port, _, _ in
          try await Client.connect(port) { client in
            try await client.send("POST /reading HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n1234")
            _ = try await client.rest()
            return try await status(port, "/hello") == 200
          }
        }
      }
    }

    @Test func `A3: a crash is one line of the log, with the place, the request and its id`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endServer(logging: .error) { port, _, log in
          guard try await status(port, "/crash?secret=1") == 500 else { return false }
          let lines = await firstErrors(in: log)
          let metadata = lines[0].metadata
          guard case .array(let backtrace) = metadata["joist.backtrace"] else { return false }
          return lines.count == 1 && metadata["hb.request.path"] == "/crash" && metadata["hb.request.method"] == "GET"
            && metadata["hb.request.id"] != nil && "\(lines[0].message)".contains("the code for a request crashed")
            && backtrace.contains { "\($0)".contains("crash()") }
        }
      }
    }

    @Test func `A3: a task that crashes after the response is one line of the log, with the request`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let isAnswered = Count()
        try await endServer(logging: .error) { router in
          router.get("late") { _, _ in
            Task {
              while isAnswered.total == 0 { await Task.yield() }
              _ = crash()
            }
            return "done"
          }
        } ifHolds: { port, _, log in
          guard try await status(port, "/late") == 200 else { return false }
          isAnswered.add()
          let lines = await firstErrors(in: log)
          return lines.count == 1 && lines[0].metadata["hb.request.path"] == "/late"
            && "\(lines[0].message)".contains("crashed after the request was answered")
        }
      }
    }

    @Test func `A3: a server whose runtime was shut down serves on, and says once that it is not contained`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endServer(logging: .warning) { port, runtime, log in
          guard await runtime.shutdown(deadline: .seconds(60)).isEmpty else { return false }
          for _ in 0..<3 { guard try await status(port, "/hello") == 200 else { return false } }
          return log.entries.filter { "\($0.message)".contains("the runtime was shut down") }.count == 1
        }
      }
    }

    @Test func `A3: the program chooses the response to a crash`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endServer(
          answer: { failed in
            guard case .crash(let crash) = failed.cause, crash.trap != nil else { return failed.defaultResponse }
            return Response(status: .badGateway, body: .init(byteBuffer: .init(string: failed.request.uri.path)))
          },
          ifHolds: { port, _, _ in
            try await Client.connect(port) { client in
              guard let answer = try await client.ask("/crash") else { return false }
              return answer == (502, "/crash")
            }
          }
        )
      }
    }

    @Test func `A3: a request that takes longer than the deadline is cancelled and answered 503`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let cancellations = Count()
        try await endServer(deadline: .milliseconds(50)) { router in
          router.get("slow") { _, _ in
            do { try await rest(for: .seconds(1_000)) } catch { cancellations.add() }
            return ""
          }
        } ifHolds: { port, _, _ in
          try await Client.connect(port) { client in
            let slow = try await client.ask("/slow")?.status
            let quick = try await client.ask("/hello")?.status
            while cancellations.total == 0 { await Task.yield() }
            return slow == 503 && quick == 200
          }
        }
      }
    }

    @Test func `A3: thousands of crashes at once are each answered, and so are the requests between them`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endServer { port, runtime, _ in
          let (connections, requests) = (50, 40)
          let answers = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<connections {
              group.addTask {
                try await Client.connect(port) { client in
                  var right = 0
                  for number in 0..<requests {
                    let answer = try await client.ask(number.isMultiple(of: 2) ? "/crash" : "/hello")
                    right += answer?.status == (number.isMultiple(of: 2) ? 500 : 200) ? 1 : 0
                  }
                  return right
                }
              }
            }
            return try await group.reduce(0, +)
          }
          return answers == connections * requests && runtime.crashedTasks == connections * requests / 2
        }
      }
    }

    @Test func `A3: an application can be tested without a server`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endProgram { runtime in
          let router = Router()
          router.get("crash") { _, _ -> String in "\(crash())" }
          return try await Application(router: router).contained(on: runtime).test(.router) { client in
            try await client.execute(uri: "/crash", method: .get) { $0.status == .internalServerError }
          }
        }
      }
    }

    @Test func `A3: containing an application takes the tasks over, or says why it cannot`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let (first, second) = (try ProcessRuntime(.init(schedulers: 1)), try ProcessRuntime(.init(schedulers: 1)))
        _ = try Application(router: Router()).contained(on: first)
        precondition(first.runsTasks && !second.runsTasks)
        #expect(throws: TaskTakeoverError.takenByRuntime) { try Application(router: Router()).contained(on: second) }
        exit(0)
      }
    }
  }
#endif
