// SPDX-License-Identifier: Apache-2.0
//
// Waits for a condition that other threads bring about.

#if Dashboard
  import Testing

  /// The condition did not come true in time.
  struct Overdue: Error, CustomStringConvertible {
    let description: String
  }

  /// Returns once a condition holds; throws after a time that only a broken program needs.
  func eventually(_ what: String, within limit: Duration = .seconds(30), _ holds: () async -> Bool) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while await !holds() {
      guard clock.now < deadline else { throw Overdue(description: "Not within \(limit): \(what)") }
      try await clock.sleep(for: .milliseconds(5))
    }
  }
#endif
