// SPDX-License-Identifier: Apache-2.0
//
// The dashboard as a part of a server that has other routes.

#if Dashboard
  import Hummingbird
  import HummingbirdTesting
  import JoistDashboard
  import JoistObservation
  import Testing

  @Suite struct MountTests {
    @Test(arguments: [TestingSetup.router, .live])
    func `O2: the routes stand below a path of an existing server`(setup: TestingSetup) async throws {
      let router = Router()
      router.get("hello") { _, _ in "hello" }
      try Dashboard(MadeUpProgram()).addRoutes(to: router.group("internal"), at: "joist")
      let configuration = ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0))
      try await Application(router: router, configuration: configuration).test(setup) { client in
        try await client.execute(uri: "/hello", method: .get) { answer in
          #expect(String(buffer: answer.body) == "hello")
          #expect(answer.headers[.contentSecurityPolicy] == nil)
        }
        try await client.execute(uri: "/internal/joist", method: .get) { answer in
          #expect(answer.status == .ok)
          #expect(String(buffer: answer.body).contains("<base href=\"/internal/joist/\">"))
        }
        for part in ["page.css", "page.js", "api/runtime", "metrics"] {
          try await client.execute(uri: "/internal/joist/\(part)", method: .get) { #expect($0.status == .ok) }
        }
      }
    }

    @Test func `O2: a server that others can reach needs a token`() throws {
      let options = DashboardOptions(host: "0.0.0.0")
      #expect(throws: InspectionError.self) {
        try Dashboard(MadeUpProgram(), options: options).addRoutes(to: Router())
      }
    }
  }
#endif
