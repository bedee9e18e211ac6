// SPDX-License-Identifier: Apache-2.0
//
// The dashboard over a real port: page, JSON, refusals, downloads.

#if Dashboard
  import Foundation
  import Joist
  import JoistDashboard
  import JoistObservation
  import Testing

  @Suite struct ServerTests {
    private func local(_ change: (inout DashboardOptions) -> Void = { _ in }) -> DashboardOptions {
      var options = DashboardOptions(port: 0)
      change(&options)
      return options
    }

    @Test func `O2: the page and its parts come from the dashboard alone, with headers that keep others out`()
      async throws
    {
      try await withServer(Dashboard(MadeUpProgram(), options: local())) { port in
        let paths = [
          "/": "text/html", "/page.css": "text/css", "/page.js": "text/javascript", "/icon.svg": "image/svg",
        ]
        for (path, type) in paths {
          let answer = try await ask(port, path)
          #expect(answer.status == 200)
          #expect(answer.fields["content-type"]?.hasPrefix(type) == true)
          #expect(answer.fields["content-security-policy"]?.contains("default-src 'self'") == true)
          #expect(answer.fields["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
          #expect(answer.fields["x-content-type-options"] == "nosniff")
          #expect(answer.fields["cache-control"] == "no-store")
          let foreign = answer.text.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
          #expect(!foreign.contains("http:") && !foreign.contains("https:"))
        }
      }
    }

    @Test func `O2: a request that names another host is refused over a real port`() async throws {
      try await withServer(Dashboard(MadeUpProgram(), options: local())) { port in
        for path in ["/", "/api/runtime", "/events", "/metrics", "/download/dump.txt"] {
          try await expect(421, port, path, host: "evil.example")
          try await expect(403, port, path, fields: ["Origin: http://evil.example"])
          try await expect(403, port, path, fields: ["Sec-Fetch-Site: cross-site"])
        }
      }
    }

    @Test func `O2: a token in the address becomes a cookie, and the address loses it`() async throws {
      let token = "0123456789abcdef"
      try await withServer(Dashboard(MadeUpProgram(), options: local { $0.token = token })) { port in
        let refused = try await ask(port, "/api/program")
        #expect(refused.status == 401)
        #expect(!refused.text.contains(token))
        let moved = try await ask(port, "/?token=\(token)")
        #expect(moved.status == 303)
        #expect(moved.fields["location"] == "/")
        let cookie = try #require(moved.fields["set-cookie"])
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
        let shown = "Cookie: a=b; \(cookie.prefix { $0 != ";" })"
        try await expect(200, port, "/api/program", fields: [shown])
        try await expect(200, port, "/api/program", fields: ["Authorization: Bearer \(token)"])
        try await expect(401, port, "/api/program?token=\(token)")
      }
    }

    @Test func `O2: each question has an address whose JSON is the model's`() async throws {
      try await withServer(Dashboard(MadeUpProgram(), options: local())) { port in
        func read<Value: Decodable>(_ path: String, _ type: Value.Type) async throws -> Value {
          let answer = try await ask(port, path)
          #expect(answer.status == 200)
          #expect(answer.fields["content-type"] == "application/json")
          return try JSONDecoder().decode(type, from: Data(answer.body))
        }
        #expect(try await read("/api/program", ProgramDescription.self).name == "orders")
        #expect(try await read("/api/runtime", RuntimeDescription.self).schedulers.count == 8)
        let list = try await read("/api/processes?by=memory&limit=5&growth=0", ProcessList.self)
        #expect(list.rows.count == 5 && list.figure == .memory && list.windowNanoseconds == 0)
        #expect(try await read("/api/processes?by=cpu&growth=1", ProcessList.self).windowNanoseconds > 0)
        #expect(try await read("/api/process?id=%232.2", ProcessPage.self).process.name == "connections")
        #expect(try await read("/api/process?id=connections", ProcessPage.self).process.id == "#2.2")
        #expect(try await read("/api/supervision", [SupervisionNode].self).count == 1)
        #expect(try await read("/api/waits", WaitList.self).circles.count == 1)
        #expect(try await read("/api/stacks", [StackGroup].self).count == 1)
      }
    }

    @Test func `O2: a question that cannot be asked is answered with one line`() async throws {
      let program = MadeUpProgram()
      try await withServer(Dashboard(program, options: local())) { port in
        let statuses = [
          "/api/process": 400, "/api/process?id=missing": 404, "/api/processes?by=colour": 400,
          "/api/processes?limit=0": 400, "/api/processes?limit=1000000": 400, "/download/trace.json?seconds=1e9": 400,
          "/download/trace.json?level=none": 400, "/download/profile.pb.gz?seconds=-1": 400,
        ]
        for (path, status) in statuses {
          let answer = try await ask(port, path)
          #expect(answer.status == status, "\(path)")
          let line = try JSONDecoder().decode([String: String].self, from: Data(answer.body))["error"]
          #expect(line?.isEmpty == false && line?.contains("\n") == false)
        }
        program.fail("The program is busy; ask again.")
        let answer = try await ask(port, "/download/trace.json")
        #expect(answer.status == 503)
        #expect(answer.text.contains("The program is busy"))
      }
    }

    @Test func `O2: processes are acted upon only if the options allow it`() async throws {
      let program = MadeUpProgram()
      try await withServer(Dashboard(program, options: local())) { port in
        try await expect(403, port, "/api/control?action=kill&id=x", method: "POST")
      }
      #expect(program.actions.isEmpty)
      try await withServer(Dashboard(program, options: local { $0.allowControl = true })) { port in
        try await expect(404, port, "/api/control?action=kill&id=x")
        let foreign = ["Origin: http://evil.example"]
        try await expect(403, port, "/api/control?action=kill&id=x", method: "POST", fields: foreign)
        try await expect(200, port, "/api/control?action=suspend&id=%232.2", method: "POST")
      }
      #expect(program.actions == ["suspend #2.2"])
    }

    @Test func `O2: files are offered for download`() async throws {
      try await withServer(Dashboard(MadeUpProgram(), options: local())) { port in
        let starts: [String: [UInt8]] = [
          "profile.pb.gz?seconds=0": [0x1f, 0x8b], "flamegraph.svg?seconds=0": Array("<".utf8),
          "stacks.txt": Array("28 × receive".utf8), "dump.txt": Array("=memory".utf8), "dump.jsonl": Array("{}".utf8),
        ]
        for (name, start) in starts {
          let answer = try await ask(port, "/download/\(name)")
          #expect(answer.status == 200)
          #expect(answer.fields["content-disposition"]?.hasPrefix("attachment") == true)
          #expect(answer.body.starts(with: start), "\(name)")
        }
      }
    }

    @Test func `O2: the trace of a running program has its processes by name`() async throws {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      let process = runtime.spawn(options: .init(name: "ticking")) { process in
        while true { try process.sleep(for: .milliseconds(1)) }
      }
      try await withServer(Dashboard(RuntimeInspector(runtime), options: local())) { port in
        let chrome = try await ask(port, "/download/trace.json?seconds=0.2")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(chrome.body)) as? [String: Any])
        let events = try #require(json["traceEvents"] as? [[String: Any]])
        let names = events.filter { $0["ph"] as? String == "X" }.compactMap { $0["name"] as? String }
        #expect(names.contains { $0.contains("ticking") }, "\(Set(names))")
        let perfetto = try await ask(port, "/download/trace.perfetto?seconds=0.2")
        #expect(perfetto.status == 200)
        #expect(String(decoding: perfetto.body, as: UTF8.self).contains("ticking"))
      }
      process.exit(.killed)
      await runtime.shutdown()
    }

    @Test func `O2: an address in use is named in one line`() async throws {
      try await withServer(Dashboard(MadeUpProgram(), options: local())) { port in
        let second = Dashboard(MadeUpProgram(), options: .init(port: port))
        let error = await #expect(throws: InspectionError.self) { try await withServer(second) { _ in } }
        #expect(error?.description.contains("\(port)") == true)
        #expect(error?.description.contains("\n") == false)
      }
    }
  }
#endif
