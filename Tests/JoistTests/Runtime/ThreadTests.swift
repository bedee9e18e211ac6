// SPDX-License-Identifier: Apache-2.0
//
// What a thread of the runtime leaves behind when it has ended.

import Foundation
import Joist
import TestSupport
import Testing

@Suite struct ThreadTests {
  #if os(Linux)
    // A program of its own, for other tests have threads, too. A stack that remained would be two mappings.
    @Test func `I1: a thread that is never joined leaves no stack behind`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let platform = HostPlatform.shared
        let threads = threadCount
        var before = 0
        for number in 0..<200 {
          if number == 100 { before = lines(of: "/proc/self/maps").count }
          if try platform.startThread(named: "short", {}) == nil { exit(1) }
          while threadCount > threads {}
        }
        exit(lines(of: "/proc/self/maps").count < before + 50 ? 0 : 2)
      }
    }
  #endif
}

private func lines(of path: String) -> [Substring] {
  ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
}

/// The number of threads of this program.
private var threadCount: Int {
  lines(of: "/proc/self/status").first { $0.hasPrefix("Threads:") }
    .flatMap { Int($0.split(separator: "\t")[1]) } ?? 0
}
