// SPDX-License-Identifier: Apache-2.0
//
// The main function of a program is `async`: it awaits a supervisor, a runtime, and its end.
// options: -parse-as-library

import Joist
import JoistSupervision

@main struct App {
  static func main() async throws {
    let runtime = try ProcessRuntime()
    try await Supervisor(.oneForOne) {
      Child("printer", String.self) { process in
        while true { print(try process.receive()) }
      }
    }.start(on: runtime)
    await runtime.waitUntilIdle()
    await runtime.shutdown()
  }
}
