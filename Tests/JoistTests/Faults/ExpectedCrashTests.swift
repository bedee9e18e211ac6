// SPDX-License-Identifier: Apache-2.0
//
// A run that passes prints nothing of the crashes that its tests expect.

import CFaultProbe
import Foundation
import Joist
import TestSupport
import Testing

@Suite(.enabled(if: probe_keeps_what_is_said(), "needs glibc, and no sanitizer"))
struct ExpectedCrashTests {
  @Test func `P5: what Swift says of a contained crash is kept, and not printed by a run that passes`() throws {
    _ = try end { _ in fatalError("expected in a process") }
    _ = try end { process in process.blocking { endLoudly("expected in blocking") } }
    for place in ["a process", "blocking"] {
      #expect(probe_has_kept("Fatal error: expected in \(place)\n"), "\(place)")
    }
  }

  @Test func `P5: what an exit test observes is printed there, contained or not`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try end { _ in fatalError("observed and contained") }
      fatalError("observed and not contained")
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("observed and contained") && text.contains("observed and not contained"))
  }
}

private func endLoudly(_ words: String) { fatalError(words) }
