// SPDX-License-Identifier: Apache-2.0
//
// Examples of Swift tasks that a runtime runs.

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
}
