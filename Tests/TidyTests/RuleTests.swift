// SPDX-License-Identifier: Apache-2.0
//
// Numbered rules: a comment line that begins with a number and a period (`// Q2. Levels are served in order.`) defines
// a rule, and the number in any other comment or string cites it. A rule does not use the letters of a requirement.

import Testing

enum Rules {
  private struct Site {
    let file: SourceFile
    let line: Int
    let number: Number

    func finding(_ message: String) -> Finding { file.finding(line, message) }
  }

  /// Returns the faults of the rules of one module.
  static func faults(in module: [SourceFile], requirements: Set<Number>) -> [Finding] {
    let reserved = Set(requirements.map(\.letters))
    var definitions: [Number: Site] = [:]
    var citations: [Site] = []
    var findings: [Finding] = []
    for file in module where file.isProgram {
      for (index, comment) in file.comments.enumerated() {
        let defined = definition(in: comment)
        if let number = defined {
          let site = Site(file: file, line: index + 1, number: number)
          if reserved.contains(number.letters) {
            findings.append(
              site.finding("\(number.letters) is a letter of the requirements; choose another for a rule")
            )
          } else if let first = definitions[number] {
            findings.append(site.finding("\(number) is defined already, at \(first.file.path):\(first.line)"))
          } else {
            definitions[number] = site
          }
        }
        let cited = (Number.all(in: comment) + Number.all(in: file.literals[index])).map(\.number)
        citations += cited.filter { $0 != defined }.map { Site(file: file, line: index + 1, number: $0) }
      }
    }
    let cited = Set(citations.map(\.number))
    for site in citations where definitions[site.number] == nil && !requirements.contains(site.number) {
      let isRequirement = reserved.contains(site.number.letters)
      findings.append(site.finding("\(site.number) is not a \(isRequirement ? "requirement" : "rule of this module")"))
    }
    findings += definitions.values.filter { !cited.contains($0.number) }.map {
      $0.finding("nothing cites \($0.number)")
    }
    return findings.sorted { ($0.path, $0.line) < ($1.path, $1.line) }
  }

  /// Returns the rule that a comment line defines: `Q2. …`, perhaps as an item of a list or a note, perhaps bold.
  static func definition(in comment: String) -> Number? {
    var text = comment.trimmed.dropping("/*!# -")
    if text.hasPrefix("Note: ") { text = text.dropFirst(6) }
    text = text.dropping("*")
    guard let (number, range) = Number.all(in: String(text.prefix(6))).first, range.lowerBound == 0 else { return nil }
    let rest = text.dropFirst(range.upperBound)
    return rest == "." || rest.hasPrefix(". ") || rest.hasPrefix(".** ") ? number : nil
  }
}

@Suite struct RuleTests {
  @Test func `every rule is defined once and cited, and every citation leads to a rule`() throws {
    let repository = try Repository.current.get()
    let requirements = Set(try Requirements.current().flatMap(\.numbers))
    let sources = repository.files(in: "Sources/", .swift, .c, .assembly)
    let modules = Dictionary(grouping: sources) { $0.path.split(separator: "/")[1] }
    for name in modules.keys.sorted() { expectNone(Rules.faults(in: modules[name] ?? [], requirements: requirements)) }
  }

  @Test func `the checker sees rules that are undefined, defined twice or not cited`() throws {
    let first = try swift("// Q1. The owner pushes.\n// Q2. Thieves take.\n/// - Note: W1. It sleeps.\nf()  // by Q1")
    let second = try swift(
      "// Q2. Again.\nf(\"Q2: no\")\n// Q3, P1 and L1 hold; P9 does not.\n// P1. Small.",
      path: "b.swift"
    )
    let found = Rules.faults(in: [first, second], requirements: [Number("P", 1), Number("L", 1)])
    #expect(
      found.map(\.description) == [
        "Sources/Joist/Bad.swift:3: nothing cites W1",
        "b.swift:1: Q2 is defined already, at Sources/Joist/Bad.swift:2",
        "b.swift:3: Q3 is not a rule of this module",
        "b.swift:3: P9 is not a requirement",
        "b.swift:4: P is a letter of the requirements; choose another for a rule",
      ]
    )
  }

  @Test(arguments: ["// Q2. A", "///   - Q2. A", "/// - Note: Q2. A", "// **Q2.** A", " * Q2. A", "// Q2."])
  func `a rule may be defined in a list or a note`(comment: String) {
    #expect(Rules.definition(in: comment) == Number("Q", 2))
  }

  @Test(arguments: ["// Q2 A", "// by Q2. A", "// Q2.5", "//", "// RFC2. A"])
  func `a rule that is only cited is not defined`(comment: String) {
    #expect(Rules.definition(in: comment) == nil)
  }
}
