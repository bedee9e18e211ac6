// SPDX-License-Identifier: Apache-2.0
//
// Runs `joist bench` as a child process: the output of each scenario, and the response to wrong arguments.

import Foundation
import Testing

/// A run of a scenario with the smallest useful arguments, and the JSON keys that it prints.
struct SmallRun: CustomTestStringConvertible {
  let arguments: String
  let keys: [String]
  var testDescription: String { arguments }

  static let late = ["p50", "p99", "p999", "max", "n"]
  static let all = [
    SmallRun(arguments: "spawn 1000 10", keys: ["ns"]),
    SmallRun(arguments: "spawn_seq 100", keys: ["ns"]),
    SmallRun(arguments: "links 1000 10", keys: ["ns"]),
    SmallRun(arguments: "traps 100", keys: ["us", "bytes"]),
    SmallRun(arguments: "traps_beside 20 50", keys: ["percent", "traps"]),
    SmallRun(arguments: "pingpong 100", keys: ["ns"]),
    SmallRun(arguments: "ring 10 10", keys: ["ns"]),
    SmallRun(arguments: "sharing 1000", keys: ["line", "next", "apart"]),
    SmallRun(arguments: "memory_back 1000", keys: ["before", "peak", "after"]),
    SmallRun(arguments: "memory 1000", keys: ["bytes", "ns", "record", "stack", "heap", "mailbox", "own"]),
    SmallRun(arguments: "yield 100", keys: ["ns"]),
    SmallRun(arguments: "yield_fcontext 1000", keys: ["ns"]),
    SmallRun(arguments: "fanin 5 10", keys: ["ns"]),
    SmallRun(arguments: "skynet 100", keys: ["ms"]),
    SmallRun(arguments: "response 0 5", keys: late),
    SmallRun(arguments: "response 2 5", keys: late),
    SmallRun(arguments: "response_plain 2 5", keys: late),
    SmallRun(arguments: "timers_cancel 100", keys: ["ns"]),
    SmallRun(arguments: "timers_fire 100", keys: late),
    SmallRun(arguments: "selective 10 10", keys: ["ns"]),
    SmallRun(arguments: "selective_scan 10 10", keys: ["ns"]),
    SmallRun(arguments: "compute 15", keys: ["ms"]),
    SmallRun(arguments: "steal 10 1", keys: ["speedup", "t1_ms", "t2_ms"]),
    SmallRun(arguments: "simulated 10", keys: ["ns", "steps_per_s"]),
    SmallRun(arguments: "trees 8 2", keys: ["ms"]),
    SmallRun(arguments: "trees_classes 8 2", keys: ["ms"]),
    SmallRun(arguments: "collect 10000000 1", keys: late),
    SmallRun(arguments: "listing 100", keys: ["list_ms", "top_ms"]),
    SmallRun(arguments: "trace 1000", keys: ["events", "read_ms", "perfetto_ms", "chrome_ms"]),
  ]
}

/// Runs `joist bench` with the given command line.
private func bench(_ words: String) throws -> (output: String, error: String, status: Int32) {
  try Shell.run(Shell.program("joist"), ["bench"] + words.split(separator: " ").map(String.init))
}

/// Parses a line of JSON into its members.
private func members(_ line: String) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
}

@Suite(.serialized) struct BenchTests {
  /// The figures that may be zero: memory of processes that own none, and differences, which may even be negative.
  private static let mayBeZero: Set = ["bytes", "percent", "heap", "mailbox", "own"]

  @Test(arguments: SmallRun.all, [1, 2])
  func `T11, T12, T13: a scenario prints one line of JSON with its figures`(run: SmallRun, threads: Int) throws {
    let got = try bench("--threads \(threads) \(run.arguments)")
    #expect(got.status == 0 && got.error.isEmpty)
    #expect(got.output.hasSuffix("}\n") && got.output.filter { $0 == "\n" }.count == 1)
    let found = try members(got.output)
    #expect(found["scenario"] as? String == run.arguments.split(separator: " ").first.map(String.init))
    #expect(Set(found.keys) == Set(run.keys + ["scenario"]))
    for key in run.keys where !Self.mayBeZero.contains(key) {
      #expect(try #require(found[key] as? Double) > 0, "\(key)")
    }
  }

  @Test func `T13: a distribution's buckets hold every sample and are in order`() throws {
    let found = try members(try bench("--threads 1 --buckets response 0 20").output)
    let buckets = try #require(found["buckets"] as? [[Int]])
    #expect(buckets.reduce(0) { $0 + $1[2] } == 20 && found["n"] as? Double == 20)
    let bounds = buckets.flatMap { $0.prefix(2) }
    #expect(bounds == bounds.sorted())
  }

  @Test func `every scenario is in the help and in these tests`() throws {
    let help = try bench("--help")
    let named = Set(SmallRun.all.compactMap { $0.arguments.split(separator: " ").first.map(String.init) })
    // A scenario's name is indented by two spaces, its description by more.
    let listed = help.output.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .prefix { !$0.contains("<") }.compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(help.status == 0 && Set(listed) == named)
  }

  @Test(arguments: [
    "nonsense", "spawn", "spawn 10", "spawn 10 10 10", "spawn ten 10", "spawn 0 10", "skynet 2000", "memory 1500",
    "--threads 0 compute 10", "--threads many compute 10", "--threads 193 compute 10", "--threads",
    "--json file compute 10", "--buckets", "--what",
  ])
  func `I2: wrong arguments of a benchmark get one line and status 64`(arguments: String) throws {
    let got = try bench(arguments)
    #expect(got.status == 64 && got.output.isEmpty)
    #expect(got.error.hasPrefix("joist: ") && got.error.filter { $0 == "\n" }.count == 1)
  }

  @Test func `I2: a report that cannot be written is refused before anything is measured`() throws {
    let got = try bench("--json /there/is/no/such/folder")
    #expect(got.status == 1 && got.output.isEmpty && got.error.filter { $0 == "\n" }.count == 1)
  }
}
