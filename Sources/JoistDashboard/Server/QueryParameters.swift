// SPDX-License-Identifier: Apache-2.0
//
// The parameters of requests, checked before anything is asked.

#if Dashboard
  import Hummingbird
  import HummingbirdCore
  import JoistObservation

  /// The parameters in the query of a request.
  struct QueryParameters {
    private let uri: URI

    init(_ request: Request) { uri = request.uri }

    /// Returns a text; throws if it is missing or longer than any name that a process can have in practice.
    func text(_ name: String) throws -> String {
      let maxLength = 1_024
      guard let value = uri.queryParameters[name[...]], !value.isEmpty, value.utf8.count <= maxLength else {
        throw DashboardError(
          status: .badRequest,
          line: "Add \(name)=… to the address, with at most \(maxLength) bytes."
        )
      }
      return String(value)
    }

    /// Returns a whole number from 1 to `most`; `usual` if it is not given.
    func count(_ name: String, usual: Int, most: Int) throws -> Int {
      guard let value = uri.queryParameters[name[...]] else { return min(usual, most) }
      guard let number = Int(value), (1...most).contains(number) else {
        throw DashboardError(status: .badRequest, line: "\(name) must be a whole number from 1 to \(most).")
      }
      return number
    }

    /// Returns a number of seconds from 0 to `most`; `usual` if it is not given.
    func seconds(usual: Double, most: Double) throws -> Double {
      guard let value = uri.queryParameters["seconds"] else { return min(usual, most) }
      guard let number = Double(value), (0...most).contains(number) else {
        throw DashboardError(status: .badRequest, line: "seconds must be a number from 0 to \(Int(most)).")
      }
      return number
    }

    /// Returns whether a switch is on; it is off if it is not given.
    func flag(_ name: String) -> Bool { uri.queryParameters[name[...]] == "1" }

    /// Returns one of a few words; the first one if it is not given.
    func word(_ name: String, of words: [String]) throws -> String {
      guard let value = uri.queryParameters[name[...]] else { return words[0] }
      guard words.contains(String(value)) else {
        throw DashboardError(status: .badRequest, line: "\(name) must be one of \(words.joined(separator: ", ")).")
      }
      return String(value)
    }

    /// Returns the level of a recording, the lowest by default.
    func level() throws -> String { try word("level", of: ["lifecycle", "messages", "all"]) }
  }
#endif
