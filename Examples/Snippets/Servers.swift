// SPDX-License-Identifier: Apache-2.0
//
// Examples of a contained server, which the pages show. They are compiled and not run here: tests run such servers.

#if Hummingbird
  import Hummingbird
  import Joist
  import JoistHummingbird

  func answering(_ app: some ApplicationProtocol, on runtime: ProcessRuntime) async throws {
    let contained = try app.contained(on: runtime, deadline: .seconds(30)) { failed in
      switch failed.cause {
      case .crash: Response(status: .internalServerError, body: .init(byteBuffer: .init(string: "sorry\n")))
      case .deadline: Response(status: .gatewayTimeout)
      }
    }
    try await contained.runService()
  }
#endif
