// SPDX-License-Identifier: Apache-2.0
//
// Which requests a dashboard answers.

#if Dashboard
  @testable import JoistDashboard
  import JoistObservation
  import Testing

  private let token = "abcdefghijklmnop-1"

  @Suite struct AccessTests {
    @Test(arguments: ["127.0.0.1:9464", "localhost", "LOCALHOST:1", "[::1]:9464", "127.8.8.8"])
    func `O2: without a token a request to a loopback name is answered`(host: String) {
      #expect(Access(token: nil).decide(.init(host: host)) == .allowed)
    }

    @Test(arguments: ["evil.example", "127.0.0.1.evil.example", "127.evil", "localhost.evil", "", "10.0.0.1", "[::2]"])
    func `O2: without a token a request to any other name is refused`(host: String) {
      guard case .refused(421, _) = Access(token: nil).decide(.init(host: host)) else {
        Issue.record("A request to \(host) was answered.")
        return
      }
    }

    @Test(arguments: [nil, token])
    func `O2: a page of another origin gets no answer`(token: String?) {
      let access = Access(token: token)
      let shown = token.map { "Bearer \($0)" }
      for origin in ["http://evil.example", "http://localhost:9465", "null", "http:///localhost:9464"] {
        let decision = access.decide(.init(host: "localhost:9464", origin: origin, authorization: shown))
        #expect(decision == .refused(status: 403, "The dashboard does not answer to pages of other origins."))
      }
      let embedded = Access.Attempt(host: "localhost:9464", fetchSite: "cross-site", authorization: shown)
      #expect(access.decide(embedded) != .allowed)
      let own = Access.Attempt(host: "localhost:9464", origin: "http://localhost:9464", authorization: shown)
      #expect(access.decide(own) == .allowed)
    }

    @Test func `O2: a link of another page leads to the page and to nothing else`() {
      let access = Access(token: nil)
      var link = Access.Attempt(host: "localhost", fetchSite: "cross-site", fetchMode: "navigate", isPage: true)
      #expect(access.decide(link) == .allowed)
      link.isPage = false
      #expect(access.decide(link) != .allowed)
    }

    @Test func `O2: a token is shown by a header, by a cookie, or once in the address of the page`() {
      let access = Access(token: token)
      #expect(access.decide(.init(host: "a.example:80", authorization: "Bearer \(token)")) == .allowed)
      #expect(access.decide(.init(host: "a.example:80", cookies: ["x=1", "joist_80=\(token)"])) == .allowed)
      let moved = access.decide(.init(host: "a.example:80", queryToken: token, isPage: true))
      #expect(moved == .movesToken(cookie: "joist_80=\(token); Path=/; HttpOnly; SameSite=Strict"))
      let wrong: [Access.Attempt] = [
        .init(host: "localhost"), .init(host: "localhost", authorization: "Bearer \(token)x"),
        .init(host: "localhost", authorization: token), .init(host: "a:80", cookies: ["joist_81=\(token)"]),
        .init(host: "a:80", cookies: ["joist_80="]), .init(host: "a", queryToken: token),
        .init(host: "a", queryToken: "abcdefghijklmnop-2", isPage: true),
      ]
      for attempt in wrong {
        guard case .refused(401, _) = access.decide(attempt) else {
          Issue.record("\(attempt) was let in.")
          continue
        }
      }
    }

    @Test func `O2: texts are equal only if all bytes are`() {
      #expect(Access.isEqual("secret", "secret"))
      for other in ["", "secre", "secrets", "Secret", "secreu", "\0\0\0\0\0\0"] {
        #expect(!Access.isEqual(other, "secret"))
        #expect(!Access.isEqual("secret", other))
      }
    }

    @Test(arguments: [
      ("0.0.0.0", nil), ("::", nil), ("example.org", nil), ("127.0.0.1", "short"), ("::1", "a b c d e f g h i j"),
    ])
    func `O2: settings that would let strangers in are refused with one line`(host: String, token: String?) async {
      let dashboard = Dashboard(MadeUpProgram(), options: .init(host: host, port: 0, token: token))
      let error = await #expect(throws: InspectionError.self) { try await withServer(dashboard) { _ in } }
      #expect(error?.description.contains("token") == true)
      #expect(error?.description.contains("\n") == false)
      #expect(error?.description.contains("short") == false)
    }
  }
#endif
