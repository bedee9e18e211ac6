// SPDX-License-Identifier: Apache-2.0
//
// The server that Scripts/server-figures measures: `ServerFigures KIND PORT`. The kinds are `plain`; `taken`, whose
// tasks a runtime runs; and `contained`.

#if Hummingbird
  import Foundation
  import Hummingbird
  import Joist
  import JoistConcurrency
  import JoistHummingbird
  import Logging
  import Synchronization

  private struct Item: Codable {
    let name: String
    let prices: [Double]
  }

  /// Counts the requests of which each hundredth crashes.
  private final class Requests: Sendable {
    private let count = Atomic<Int>(0)

    // Ordering: relaxed, because it only counts.
    var isHundredth: Bool { count.wrappingAdd(1, ordering: .relaxed).newValue.isMultiple(of: 100) }
  }

  @inline(never) private func crash() { print(Int(CommandLine.arguments[1])!) }

  @main
  struct ServerFigures {
    static func main() async throws {
      let arguments = CommandLine.arguments
      guard arguments.count == 3, ["plain", "taken", "contained"].contains(arguments[1]), let port = Int(arguments[2])
      else {
        print("usage: ServerFigures plain|taken|contained PORT")
        exit(64)
      }
      // The script sends the lines of crashes to nowhere, but they are made.
      var logger = Logger(label: "figures")
      logger.logLevel = .error
      let app = Application(
        router: routes(),
        configuration: .init(address: .hostname("127.0.0.1", port: port)),
        logger: logger
      )
      if arguments[1] == "plain" { return try await app.runService() }
      let runtime = try ProcessRuntime()
      try runtime.takeOverTasks()
      if arguments[1] == "taken" { return try await app.runService() }
      try await app.contained(on: runtime).runService()
    }

    private static func routes() -> Router<BasicRequestContext> {
      let router = Router()
      router.get("hello") { _, _ in "hello" }
      router.get("json") { _, _ in try work() }
      router.get("twice") { _, _ in
        await Task.yield()
        let text = try work()
        await Task.yield()
        return text
      }
      let requests = Requests()
      router.get("sometimes") { _, _ in
        if requests.isHundredth { crash() }
        return try work()
      }
      router.get("hello-sometimes") { _, _ in
        if requests.isHundredth { crash() }
        return "hello"
      }
      return router
    }

    /// Encodes and decodes a small document.
    private static func work() throws -> String {
      let items = (0..<10).map { Item(name: "item \($0)", prices: [1.5, 2.5, Double($0)]) }
      let data = try JSONEncoder().encode(items)
      return "\(try JSONDecoder().decode([Item].self, from: data).count)"
    }
  }
#else
  @main
  struct ServerFigures {
    static func main() { print("build it with --traits Hummingbird") }
  }
#endif
