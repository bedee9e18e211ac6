// SPDX-License-Identifier: Apache-2.0
//
// Examples of Swift tasks that a runtime runs.

import Foundation
import Joist
import JoistConcurrency

extension Snippets {
  static func containedTask(_ runtime: ProcessRuntime) async throws {
    try runtime.takeOverTasks()
    let prices = [3, 5, 8]
    do {
      let price = try await runtime.contain {
        await Task.yield()
        return prices[prices.count]  // an index out of range
      }
      print("the price is", price)
    } catch is ContainedCrash {
      print("this call crashed, and the program did not")
      // prints this call crashed, and the program did not
    }
  }

  static func awaitingTask(_ runtime: ProcessRuntime) async throws {
    runtime.spawn { process in
      print("bytes:", try process.awaiting { await download() })  // prints bytes: 1024
    }
  }

  static func messageStream(_ runtime: ProcessRuntime) async throws {
    let (prices, stream) = runtime.makeMessageStream(of: Int.self)
    runtime.spawn { _ in
      for price in [3, 5] { prices.send(price) }
    }
    for await price in stream {
      print("price:", price)  // prints price: 3
      if price == 5 { break }  // prints price: 5
    }
  }

  static func recovery(_ runtime: ProcessRuntime) async throws {
    try runtime.takeOverTasks(
      TaskOptions(crashBudget: CrashBudget(tasks: 10_000) { kill(getpid(), SIGTERM) })
    )
    let stock = Stock()
    await stock.add(3, of: "bolts")
    do {
      try await runtime.contain { await stock.add(-1, of: "bolts") }
    } catch is ContainedCrash {
      print("there are \(await stock.all)")  // prints there are 3
    }
    typealias Handler = @Sendable (String) async throws -> String

    let answer = contained { _ in fatalError("not yet") }
    print(await answer("GET /"))  // prints 500 Internal Server Error

    func contained(_ handler: @escaping Handler) -> @Sendable (String) async -> String {
      { request in
        do {
          return try await runtime.contain { try await handler(request) }
        } catch {
          log("\(error)")
          return "500 Internal Server Error"
        }
      }
    }
  }
}

/// The numbers of things in a store, and their sum.
actor Stock: RecoverableActor {
  private var numbers: [String: Int] = [:]
  private var total = 0

  func add(_ number: Int, of name: String) {
    total += number
    precondition(number > 0)
    numbers[name, default: 0] += number
  }

  func recover(from crash: ContainedCrash) { total = numbers.values.reduce(0, +) }
}

extension Stock {
  var all: Int { total }
}
