// SPDX-License-Identifier: Apache-2.0
//
// Every requirement that is marked as done has a test with its number in the name.

import Testing

enum Promise {
  /// Returns the names of the tests in a file: the raw identifiers after `@Test` and `func`.
  static func tests(in file: SourceFile) -> [(name: String, line: Int)] {
    named(in: file) + displayed(in: file)
  }

  /// Returns the tests with a name for display, `@Test("…")`, whose name is on the line of the attribute.
  private static func displayed(in file: SourceFile) -> [(name: String, line: Int)] {
    file.code.indices.compactMap { index in
      guard file.code[index].contains("@Test(") else { return nil }
      let name = file.literals[index].trimmed
      return name.isEmpty ? nil : (name, index + 1)
    }
  }

  /// Returns the tests whose functions have names in backticks.
  private static func named(in file: SourceFile) -> [(name: String, line: Int)] {
    file.words.indices.compactMap { index in
      let word = file.words[index]
      guard word.isAfter("`"), index > 0, file.words[index - 1].text == "func" else { return nil }
      let above = file.words[..<(index - 1)].reversed().prefix { $0.text != "func" }
      guard above.contains(where: { $0.text == "Test" && $0.isAfter("@") }) else { return nil }
      return (word.text, word.line)
    }
  }

  /// Returns the requirements that a test claims by its name: the numbers before the first colon.
  static func claims(of test: String) -> [Number] {
    let numbers = Requirements.numbers(opening: test)
    guard let last = numbers.last, test.prefix(while: { $0 != ":" }).hasSuffix("\(last)") else { return [] }
    return test.contains(":") ? numbers : []
  }

  static func faults(of requirements: [Requirement], tests: Set<String>) -> [Finding] {
    let claimed = Set(tests.flatMap(claims))
    return requirements.flatMap { requirement in
      let untested = requirement.isDone ? requirement.numbers.filter { !claimed.contains($0) } : []
      let missing = requirement.tests.filter { !tests.contains($0) }
      let messages =
        untested.map { "\($0) is done, but no test is named `\($0): …`" } + missing.map { "no test `\($0)`" }
      return messages.map { Finding(path: Requirements.path, line: requirement.line, message: $0) }
    }
  }
}

@Suite struct RequirementTests {
  @Test func `every requirement that is done has a test with its number`() throws {
    let tests = try Repository.current.get().files(in: "Tests/", .swift).flatMap(Promise.tests).map(\.name)
    expectNone(Promise.faults(of: try Requirements.current(), tests: Set(tests)))
  }

  @Test func `every number in a test's name is a requirement`() throws {
    let known = Set(try Requirements.current().flatMap(\.numbers))
    for file in try Repository.current.get().files(in: "Tests/", .swift) {
      for test in Promise.tests(in: file) {
        let unknown = Promise.claims(of: test.name).filter { !known.contains($0) }
        expectNone(unknown.map { file.finding(test.line, "\($0) is not in \(Requirements.path)") })
      }
    }
  }

  @Test func `the checker sees a requirement without a test`() {
    let lines = [
      "| id | demand | state |", "| P1 | Small | done: `P1: small` |", "| P2 | Fast | planned |",
      "| **T1–T3** | Counts | Done |", "| M1 | Send | done, see `M1: gone` |", "text P9",
    ]
    let rows = Requirements.rows(of: lines)
    #expect(rows.map(\.isDone) == [true, false, true, true])
    let found = Promise.faults(of: rows, tests: ["P1: small", "T1, T2: counts", "M1 is no claim"])
    #expect(found.map(\.line) == [4, 5, 5])
    #expect(found.first?.message.hasPrefix("T3") == true)
  }

  @Test func `the checker finds only tests`() throws {
    let file = try swift("@Test(.serialized)\nfunc `P1: a`() {}\nfunc `P2: b`() {}\n\"@Test func `P3: c`\"")
    #expect(Promise.tests(in: file).map(\.name) == ["P1: a"])
  }

  @Test func `numbers are read in lists and ranges`() {
    #expect(Requirements.numbers(opening: "T1–T3, P2 and M1").map(\.description) == ["T1", "T2", "T3", "P2"])
    #expect(Requirements.numbers(opening: "See P1").isEmpty)
    #expect(Number.all(in: "Q2, UTF8, x1, AB12: P123 0xA1").map(\.number.description) == ["Q2", "AB12"])
  }
}
