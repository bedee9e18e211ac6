// SPDX-License-Identifier: Apache-2.0
//
// Decides which requests are answered. Without a token only this machine may ask, and the rules keep web pages of
// others, which a browser on this machine runs, from asking in its name:
//
// AC1. Without a token the request must name a loopback host. A name of an attacker that resolves to 127.0.0.1 fails.
// AC2. A request that a browser marks as coming from another origin is refused, with a token or without.
// AC3. With a token the request must show it: in `Authorization`, in the cookie, or once in the query of a page.

#if Dashboard
  /// The rules by which requests are answered or refused.
  struct Access: Sendable {
    /// What of a request the rules look at.
    struct Attempt: Sendable {
      /// The host and port that the request names.
      var host: String?
      var origin, fetchSite, fetchMode, authorization, queryToken: String?
      var cookies: [String] = []
      /// Whether the request reads the page itself, to which a link of another page may lead.
      var isPage = false
    }

    /// What becomes of a request.
    enum Decision: Equatable, Sendable {
      case allowed
      /// The token was right and moves from the query to a cookie.
      case movesToken(cookie: String)
      case refused(status: Int, String)
    }

    let token: String?

    /// Returns what becomes of a request.
    func decide(_ attempt: Attempt) -> Decision {
      if token == nil, !Self.isLoopback(Self.hostName(attempt.host ?? "")) {
        // (AC1)
        return .refused(status: 421, "Use http://127.0.0.1 or http://localhost, or give the dashboard a token.")
      }
      guard isSameOrigin(attempt) else {
        return .refused(status: 403, "The dashboard does not answer to pages of other origins.")  // (AC2)
      }
      guard let token else { return .allowed }
      // (AC3)
      let name = Self.cookieName(host: attempt.host)
      if let shown = attempt.queryToken, attempt.isPage, Self.isEqual(shown, token) {
        return .movesToken(cookie: "\(name)=\(token); Path=/; HttpOnly; SameSite=Strict")
      }
      let bearer = "Bearer "
      if let shown = attempt.authorization, shown.hasPrefix(bearer) {
        return Self.isEqual(String(shown.dropFirst(bearer.count)), token) ? .allowed : Self.unknown
      }
      let isShown = attempt.cookies.contains { cookie in
        cookie.hasPrefix("\(name)=") && Self.isEqual(String(cookie.dropFirst(name.count + 1)), token)
      }
      return isShown ? .allowed : Self.unknown
    }

    /// Returns whether a browser says that the request comes from the dashboard's own origin, or a person typed it.
    private func isSameOrigin(_ attempt: Attempt) -> Bool {
      if let origin = attempt.origin {
        let parts = origin.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[1].isEmpty && parts[2].lowercased() == attempt.host?.lowercased()
      }
      guard let site = attempt.fetchSite, site != "same-origin", site != "none" else { return true }
      return attempt.isPage && attempt.fetchMode == "navigate"
    }

    private static let unknown = Decision.refused(
      status: 401,
      "Open the page once with ?token=… in its address, or send the header Authorization: Bearer …"
    )

    /// Returns the name of the cookie; it has the port in it, since cookies of all ports of a host are one set.
    static func cookieName(host: String?) -> String {
      let host = host ?? ""
      let digits = host.suffix(from: host.lastIndex(of: ":") ?? host.endIndex).dropFirst()
      return "joist_\(digits.allSatisfy(\.isNumber) ? digits : "")"
    }

    /// Returns the name or address in `name:port` or `[address]:port`.
    static func hostName(_ host: String) -> String {
      if host.hasPrefix("[") { return String(host.dropFirst().prefix { $0 != "]" }) }
      return String(host.prefix { $0 != ":" })
    }

    /// Returns whether a name or address always means this machine.
    static func isLoopback(_ host: String) -> Bool {
      if host == "::1" || host.lowercased() == "localhost" { return true }
      let parts = host.split(separator: ".", omittingEmptySubsequences: false)
      return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Compares two texts in a time that depends on their lengths alone, so that a token cannot be guessed byte by
    /// byte.
    static func isEqual(_ left: String, _ right: String) -> Bool {
      let left = Array(left.utf8)
      let right = Array(right.utf8)
      var difference = left.count ^ right.count
      for index in right.indices {
        difference |= Int((index < left.count ? left[index] : 0) ^ right[index])
      }
      return difference == 0
    }
  }
#endif
