// SPDX-License-Identifier: Apache-2.0
//
// The addresses of the dashboard: the page with its style and script, the stream of events, JSON, metrics, downloads.

#if Dashboard
  public import Hummingbird
  public import JoistObservation

  extension Dashboard {
    /// Adds the page and all that it needs to the routes of a server.
    ///
    /// `options.host` must be the address on which that server listens: it decides whether a token is needed. Does not
    /// block.
    ///
    /// - Parameters:
    ///   - routes: The routes of the server, or a group of them.
    ///   - path: The path of the page below those routes.
    /// - Throws: One line that names the option to change.
    public func addRoutes<Context: RequestContext>(
      to routes: some RouterMethods<Context>,
      at path: String = "joist"
    ) throws(InspectionError) {
      try options.validate()
      func group(isPage: Bool) -> RouterGroup<Context> {
        routes.group(RouterPath(path)).add(middleware: AccessMiddleware(access: service.access, isPage: isPage))
      }
      addPage(to: group(isPage: true))
      let group = group(isPage: false)
      addParts(to: group)
      addFigures(to: group)
      addDownloads(to: group)
    }

    var options: DashboardOptions { service.options }

    private func addPage<Context>(to routes: RouterGroup<Context>) {
      routes.get { [allowControl = options.allowControl] request, _ in
        let page = PageHTML.text(at: request.uri.path, allowControl: allowControl)
        return Response.bytes(Array(page.utf8), type: "text/html; charset=utf-8")
      }
    }

    private func addParts<Context>(to routes: RouterGroup<Context>) {
      routes.get("page.css") { _, _ in Response.bytes(Array(PageStyle.text.utf8), type: "text/css; charset=utf-8") }
      routes.get("page.js") { _, _ in Response.bytes(PageScript.bytes, type: "text/javascript; charset=utf-8") }
      routes.get("icon.svg") { _, _ in Response.bytes(Array(PageHTML.icon.utf8), type: "image/svg+xml") }
      routes.get("events") { [service] _, _ in
        await EventStream.response(service.events, limits: service.options.limits)
      }
    }

    private func addFigures<Context>(to routes: RouterGroup<Context>) {
      let rows = options.limits.rows
      addJSON("program", to: routes) { _ in .program }
      addJSON("runtime", to: routes) { _ in .runtime }
      addJSON("supervision", to: routes) { _ in .supervision }
      addJSON("process", to: routes) { .process(try $0.text("id")) }
      addJSON("waits", to: routes) { .waits(limit: try $0.count("limit", usual: 100, most: rows)) }
      addJSON("stacks", to: routes) { .stacks(limit: try $0.count("limit", usual: 50, most: rows)) }
      addJSON("processes", to: routes) { query in
        let figure = try query.word("by", of: ProcessFigure.allCases.map(\.rawValue))
        return .processes(
          by: ProcessFigure(rawValue: figure) ?? .cpu,
          limit: try query.count("limit", usual: 50, most: rows),
          growth: query.flag("growth")
        )
      }
      addJSON("timeline", to: routes) { [limits = options.limits] query in
        .timeline(
          seconds: try query.seconds(usual: Timeline.seconds, most: limits.recordingSeconds),
          level: try query.level()
        )
      }
      routes.get("metrics") { [service] request, _ in
        let isOpen = request.headers[.accept]?.contains("application/openmetrics-text") ?? false
        let format = isOpen ? RuntimeDescription.MetricsFormat.openMetrics : .prometheus
        return await Self.respond {
          .bytes(try await service.answers.answer(.metrics(format)), type: format.contentType)
        }
      }
      routes.post("api/control") { [service] request, _ in
        await Self.respond {
          guard service.options.allowControl else {
            throw DashboardError(
              status: .forbidden,
              line: "Set allowControl in the dashboard's options to act on processes."
            )
          }
          let query = QueryParameters(request)
          let action = try query.word("action", of: ControlAction.allCases.map(\.rawValue))
          try await service.answers.control(ControlAction(rawValue: action) ?? .suspend, try query.text("id"))
          return .bytes(Array("{}".utf8), type: "application/json")
        }
      }
    }

    private func addJSON<Context>(
      _ name: String,
      to routes: RouterGroup<Context>,
      _ question: @escaping @Sendable (QueryParameters) throws -> Question<[UInt8]>
    ) {
      routes.get("api/\(name)") { [service] request, _ in
        await Self.respond {
          .bytes(try await service.answers.answer(question(QueryParameters(request))), type: "application/json")
        }
      }
    }

    /// Returns the response that a function makes, or the one that says what went wrong.
    static func respond(_ body: () async throws -> Response) async -> Response {
      do { return try await body() } catch { return DashboardError.response(error) }
    }
  }
#endif
