// SPDX-License-Identifier: Apache-2.0
//
// The page in a browser without a window.

#if Dashboard
  import Foundation
  import Hummingbird
  import JoistDashboard
  import JoistObservation
  import TestSupport
  import Testing

  /// Adds an image to the page that loads only when the page has asked its questions: a browser that prints the page
  /// after it has loaded then prints what the answers made of it.
  private struct Holder: RouterMiddleware {
    typealias Context = BasicRequestContext
    let program: MadeUpProgram
    static let path = "/hold.svg"

    func handle(
      _ request: Request,
      context: Context,
      next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
      if request.uri.path == Self.path {
        try await eventually("the page has asked three times") {
          program.count("processes cpu true") >= 3 && program.count("recording") >= 1
        }
        return Response(status: .notFound)
      }
      var response = try await next(request, context)
      guard request.uri.path == "/" else { return response }
      let collected = Collector()
      try await response.body.write(collected)
      let image = "<img src=\"\(Self.path)\" alt=\"\">"
      response.body = ResponseBody(byteBuffer: ByteBuffer(bytes: collected.bytes + Array(image.utf8)))
      response.headers[.contentLength] = nil
      return response
    }
  }

  /// Keeps the bytes of a body.
  private final class Collector: ResponseBodyWriter {
    private(set) var bytes: [UInt8] = []
    func write(_ buffer: ByteBuffer) async throws { bytes += Array(buffer.readableBytesView) }
    func finish(_ trailingHeaders: HTTPFields?) async throws {}
  }

  @Suite struct BrowserTests {
    @Test(.enabled(if: Command.chromium != nil))
    func `O2: a browser shows the figures, and a name that is markup stays text`() async throws {
      let name = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"
      let program = MadeUpProgram(oddName: name)
      let router = Router()
      router.add(middleware: Holder(program: program))
      try Dashboard(program).addRoutes(to: router, at: "")
      let chromium = try #require(Command.chromium)
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let page = try await withApplication(router) { port in
        let options = ["--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(folder)", "--dump-dom"]
        return try await onThread {
          try Command.run(chromium, options + ["http://127.0.0.1:\(port)/"]).text
        }
      }
      #expect(page.contains("<title>orders · Joist</title>"))
      #expect(page.components(separatedBy: "<tr").count > 40)
      #expect(page.contains(">connections</td>"))
      #expect(page.contains("&lt;script&gt;document.title"))
      #expect(!page.contains("<script>document") && !page.contains("<img src=\"x\""))
      #expect(page.contains("Deadlock"))
      #expect(page.contains("started 3 times"))
      #expect(page.components(separatedBy: "class=\"lane").count == 9)
      #expect(page.contains(">Live<"))
    }

    /// Runs a blocking function on a thread of its own.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
      try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try body() }) }.start()
      }
    }

    private func withApplication<Value: Sendable>(
      _ router: Router<BasicRequestContext>,
      _ body: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> Value {
      let (ports, port) = AsyncStream.makeStream(of: Int.self)
      let application = Application(
        router: router,
        configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { port.yield($0.localAddress?.port ?? 0) }
      )
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await application.run() }
        var iterator = ports.makeAsyncIterator()
        let number = try #require(await iterator.next())
        defer { group.cancelAll() }
        return try await body(number)
      }
    }
  }
#endif
