// SPDX-License-Identifier: Apache-2.0
//
// Applies the rules of access to each request, and adds the headers that tell browsers what the answers may do.

#if Dashboard
  import HTTPTypes
  import Hummingbird

  /// Refuses requests that the rules do not allow, and adds security headers to all answers.
  struct AccessMiddleware<Context: RequestContext>: RouterMiddleware {
    let access: Access
    /// Whether the requests are those for the page itself, where a token may be in the query.
    let isPage: Bool

    func handle(
      _ request: Request,
      context: Context,
      next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
      var response =
        switch access.decide(attempt(request)) {
        case .allowed: try await next(request, context)
        case .refused(let status, let line): Response.text(.init(code: status), line + "\n")
        case .movesToken(let cookie):
          // The address without the token stays in the history of the browser.
          Response(status: .seeOther, headers: [.location: request.uri.path, .setCookie: cookie])
        }
      response.headers.append(contentsOf: Self.securityHeaders)
      return response
    }

    private func attempt(_ request: Request) -> Access.Attempt {
      Access.Attempt(
        host: request.head.authority,
        origin: request.headers[.origin],
        fetchSite: request.headers[Self.fetchSite],
        fetchMode: request.headers[Self.fetchMode],
        authorization: request.headers[.authorization],
        queryToken: request.uri.queryParameters["token"].map(String.init),
        cookies: request.headers[values: .cookie].flatMap { field in
          field.split(separator: ";").map { String($0.drop { $0 == " " }) }
        },
        isPage: isPage
      )
    }

    // The names are valid, so that the initializer returns one.
    private static var fetchSite: HTTPField.Name { HTTPField.Name("Sec-Fetch-Site")! }
    private static var fetchMode: HTTPField.Name { HTTPField.Name("Sec-Fetch-Mode")! }

    private static var securityHeaders: HTTPFields {
      [
        .contentSecurityPolicy:
          "default-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
        .xContentTypeOptions: "nosniff",
        .cacheControl: "no-store",
        HTTPField.Name("Referrer-Policy")!: "no-referrer",
        HTTPField.Name("Cross-Origin-Resource-Policy")!: "same-origin",
        HTTPField.Name("X-Frame-Options")!: "DENY",
      ]
    }
  }
#endif
