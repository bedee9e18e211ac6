// SPDX-License-Identifier: Apache-2.0
//
// Waits for a condition that other threads bring about.

#if Telemetry
  /// The condition did not come true in time.
  struct Overdue: Error, CustomStringConvertible {
    let description: String
  }

  /// Returns once a condition holds; throws after a time that only a broken program needs.
  func eventually(_ what: String, within limit: Duration = .seconds(30), _ holds: () -> Bool) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while !holds() {
      guard clock.now < deadline else { throw Overdue(description: "Not within \(limit): \(what)") }
      try await clock.sleep(for: .milliseconds(2))
    }
  }
#endif
