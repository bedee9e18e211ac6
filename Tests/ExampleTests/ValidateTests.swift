// SPDX-License-Identifier: Apache-2.0
//
// Runs `joist validate` as a child process and checks its output and status, and tests its verdicts without it.

import Foundation
import JoistCLI
import TestSupport
import Testing

/// Runs `joist validate` with the given command line.
private func validate(_ words: String) throws -> (output: String, error: String, status: Int32) {
  try Shell.run(Shell.program("joist"), ["validate"] + words.split(separator: " ").map(String.init))
}

/// Returns a verdict on a figure, with placeholder texts.
private func verdict(_ figure: Double?, _ bound: Bound, name: String = "order") -> Verdict {
  Verdict(name: name, rule: "a rule", bound: bound, unit: "of them", figure: figure, detail: "some more")
}

@Suite(.serialized) struct ValidateTests {
  /// The checks that do not depend on time, and so must hold under any load of the machine.
  private static let logic = [
    "order", "turns", "budget", "ageing", "fairness", "wakeups", "early", "registers", "isolation", "conservation",
  ]

  @Test func `V2: the rules of scheduling hold on this machine, with a line for each`() throws {
    let amount = "--races \(many(100_000))" + (many(10) < 10 ? " --quick" : "")
    let got = try validate(Self.logic.map { "--only \($0)" }.joined(separator: " ") + " " + amount)
    let lines = got.output.split(separator: "\n")
    #expect(lines.dropLast().map { $0.split(separator: " ").prefix(2) } == Self.logic.map { ["holds", $0[...]] })
    #expect(lines.last == "All \(Self.logic.count) rules hold.")
    #expect(got.status == 0)
  }

  @Test func `V2: with --json it prints one object, with the figures and the machine`() throws {
    let got = try validate("--json --quick --only order --only turns")
    let found = try #require(JSONSerialization.jsonObject(with: Data(got.output.utf8)) as? [String: Any])
    let checks = try #require(found["checks"] as? [[String: Any]])
    #expect(got.status == 0 && got.error.isEmpty)
    #expect(checks.map { $0["name"] as? String } == ["order", "turns"])
    for check in checks {
      #expect(check["holds"] as? Bool == true && check["figure"] as? Double == check["bound"] as? Double)
      #expect(check["unit"] is String && check["relation"] as? String == "exactly")
    }
    #expect((found["machine"] as? [String: Any])?["cores"] is Int && found["schedulers"] is Int)
  }

  @Test func `V2: --list names every check and runs none`() throws {
    let got = try validate("--list")
    let names = got.output.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(got.status == 0 && Set(names).isSuperset(of: Self.logic + ["memory", "urgent", "stuck", "late"]))
  }

  @Test(arguments: ["--only nonsense", "--only order --only", "--races 10", "--races many", "order", "--what"])
  func `V2, I2: wrong arguments of a validation get one line and status 64`(arguments: String) throws {
    let got = try validate(arguments)
    #expect(got.status == 64 && got.output.isEmpty)
    #expect(got.error.hasPrefix("joist: ") && got.error.filter { $0 == "\n" }.count == 1)
  }

  @Test(arguments: [
    (Bound.exactly(0), [0.0], [1.0, -1, .nan, .infinity]),
    (.atMost(10), [10.0, 0, -1], [10.1, .nan, .infinity]),
    (.atLeast(0.99), [0.99, 1], [0.98, .nan, -.infinity]),
  ])
  func `V2: a rule holds if its figure is within its bound`(bound: Bound, within: [Double], beyond: [Double]) {
    for figure in within { #expect(verdict(figure, bound).holds) }
    for figure in beyond { #expect(!verdict(figure, bound).holds) }
    #expect(!verdict(nil, bound).holds)
  }

  @Test func `V2: a rule that does not hold on a busy machine says that the machine was busy`() {
    let stat = "cpu  100 20 30 400 50 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
    #expect(MachineLoad.Look.busySeconds(stat, ticksPerSecond: 100) == 1.71)
    #expect(MachineLoad.Look.busySeconds("cpu  0 0 0 0 0 0 0 0", ticksPerSecond: 100) == nil)
    #expect(MachineLoad.Look.busySeconds("intr 1 2 3", ticksPerSecond: 100) == nil)
    let first = MachineLoad.Look(busy: 10, own: 1)
    let busy = MachineLoad(first, .init(busy: 14, own: 2), seconds: 2, processors: 2)
    let quiet = MachineLoad(first, .init(busy: 14, own: 4.9), seconds: 2, processors: 2)
    #expect(busy.isBusy && !quiet.isBusy && "\(busy)" == "other programs used 1.5 of 2 processors")
    func line(_ figure: Double, _ load: MachineLoad) -> (String, String) {
      let verdict = Verdict(
        name: "late",
        rule: "a rule",
        bound: .atMost(10),
        unit: "ms",
        figure: figure,
        detail: "more",
        load: load
      )
      return (verdict.line(), Verdict.summary([verdict]))
    }
    let failure = "FAILS  late  a rule  12 ms (must be at most 10): more"
    let load = "the machine was busy: other programs used 1.5 of 2 processors"
    #expect(line(12, busy).0 == "\(failure); \(load)")
    let broken = "1 of 1 rules do not hold: late."
    #expect(line(12, busy).1.hasPrefix("\(broken) The machine was busy"))
    #expect(line(12, quiet) == (failure, broken))
    #expect(line(1, busy) == ("holds  late  a rule  1 ms (must be at most 10): more", "The rule holds."))
  }

  @Test func `the command prints its version`() throws {
    let got = try Shell.run(Shell.program("joist"), ["--version"])
    #expect(got.status == 0 && got.output.hasPrefix("joist ") && got.output.contains("Swift 6."))
  }

  @Test func `V2: a rule that does not hold is named, and the exit status is 1`() {
    let good = verdict(0, .exactly(0), name: "turns")
    let bad = [verdict(0.5, .atLeast(0.99)), verdict(nil, .exactly(0))]
    #expect(Verdict.status([good, good]) == 0 && Verdict.status([good, bad[0]]) == 1 && Verdict.status(bad) == 1)
    #expect(Verdict.summary([good, bad[0]]) == "1 of 2 rules do not hold: order.")
    #expect(good.line() == "holds  turns  a rule  0 of them (must be exactly 0): some more")
    #expect(bad[0].line(nameWidth: 7) == "FAILS  order    a rule  0.5 of them (must be at least 0.99): some more")
    #expect(bad[1].line(ruleWidth: 8) == "FAILS  order  a rule    some more")
  }
}
