// SPDX-License-Identifier: Apache-2.0
//
// Every mutant that `Scripts/mutants` would plant finds its original text, by the rules of the script: a list is read
// as `read_lists` reads it, and a text is searched for as `locate` and `planted` search for it.

import Foundation
import Testing

/// One entry of a list in Tests/Mutants: the text that it replaces, and the file.
struct Mutant {
  let name: String
  /// A description of what it breaks.
  let sentence: String
  /// The path of the list.
  let list: String
  let line: Int
  /// The file in which it is planted.
  let file: String
  /// The text after which the original is searched for; empty if the original occurs once in the file.
  var after = ""
  var original: [Substring] = []

  func finding(_ message: String) -> Finding { Finding(path: list, line: line, message: "'\(name)' \(message)") }
}

enum Mutants {
  static let folder = "Tests/Mutants/"

  /// Returns the entries that the script would refuse; `source` returns the text of a file, or nil if there is none.
  static func faults(of lists: [(path: String, text: String)], source: (String) -> String?) -> [Finding] {
    var findings: [Finding] = []
    let mutants = lists.flatMap { entries(of: $0.text, at: $0.path, &findings) }
    var names: Set<String> = []
    for mutant in mutants {
      if !names.insert(mutant.name).inserted { findings.append(mutant.finding("is a name that is used twice")) }
      if mutant.sentence.isEmpty { findings.append(mutant.finding("does not say what it breaks")) }
    }
    for (file, group) in Dictionary(grouping: mutants, by: \.file).sorted(by: { $0.key < $1.key }) {
      if let text = source(file) {
        findings += misplaced(group, in: joined(text.split(separator: "\n")))
      } else {
        findings += group.map { $0.finding("is planted in \(file), which does not exist") }
      }
    }
    return findings
  }

  /// Reads one list: `file:` applies until the next `file:`, and indented lines belong to the entry above.
  private static func entries(of text: String, at path: String, _ findings: inout [Finding]) -> [Mutant] {
    var mutants: [Mutant] = []
    var file = ""
    var isInEntry = false
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.trimmed.isEmpty { isInEntry = false }
      if line.trimmed.isEmpty || line.hasPrefix("#") { continue }
      if !line.hasPrefix(" ") {
        let (key, value) = halves(of: line, at: ":")
        if key == "file" { file = value }
        if key == "file" || key == "tests" { continue }
        mutants.append(Mutant(name: key.trimmed, sentence: value, list: path, line: index + 1, file: file))
        isInEntry = true
        continue
      }
      let (mark, value) = halves(of: line.drop { $0 == " " }, at: " ")
      switch mark {
      case _ where !isInEntry:
        findings.append(Finding(path: path, line: index + 1, message: "this line belongs to no mistake"))
      case "-": mutants[mutants.count - 1].original.append(value[...])
      case "after": mutants[mutants.count - 1].after = value
      case "+", "tests": break
      default:
        findings.append(mutants[mutants.count - 1].finding("has a line that begins with '\(mark)'"))
      }
    }
    return mutants
  }

  private static func halves(of line: Substring, at separator: Character) -> (String, String) {
    let parts = line.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
    return (String(parts[0]), parts.count > 1 ? parts[1].trimmed : "")
  }

  /// Joins lines so that neither indentation nor empty lines matter.
  private static func joined(_ lines: [Substring]) -> String {
    lines.map(\.trimmed).filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// Returns the mutants that are not found in the text of their file, or overlap; several may replace the same text.
  private static func misplaced(_ mutants: [Mutant], in text: String) -> [Finding] {
    var findings: [Finding] = []
    var placed: [(mutant: Mutant, range: Range<String.Index>)] = []
    for mutant in mutants {
      let starts = ranges(of: mutant.after, in: text[...])
      if !mutant.after.isEmpty, starts.count != 1 {
        findings.append(mutant.finding("comes after '\(mutant.after)', \(times(starts.count)) in \(mutant.file)"))
        continue
      }
      let found = ranges(of: joined(mutant.original), in: text[(starts.first?.lowerBound ?? text.startIndex)...])
      if let first = found.first, found.count == 1 || !mutant.after.isEmpty {
        placed.append((mutant, first))
      } else {
        findings.append(mutant.finding("replaces a text that is \(times(found.count)) in \(mutant.file)"))
      }
    }
    placed.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    for (one, next) in zip(placed, placed.dropFirst())
    where one.range != next.range && one.range.upperBound > next.range.lowerBound {
      findings.append(one.mutant.finding("replaces a text that overlaps that of '\(next.mutant.name)'"))
    }
    return findings
  }

  private static func times(_ count: Int) -> String { "there \(count) times" }

  /// Returns the range of each occurrence of a text; an empty text has none.
  private static func ranges(of part: String, in text: Substring) -> [Range<String.Index>] {
    var found: [Range<String.Index>] = []
    var rest = text
    while !part.isEmpty, let range = rest.range(of: part, options: .literal) {
      found.append(range)
      rest = rest[range.upperBound...]
    }
    return found
  }
}

@Suite struct MutantTests {
  @Test func `every mutant finds its original text`() throws {
    let repository = try Repository.current.get()
    let paths = repository.paths.filter { $0.hasPrefix(Mutants.folder) && $0.hasSuffix(".txt") }.sorted()
    let lists = paths.map { (path: $0, text: repository.text(at: $0) ?? "") }
    #expect(!lists.isEmpty)
    expectNone(Mutants.faults(of: lists) { repository.text(at: $0) })
  }

  private let source = """
    func first() {
      begin()
      finish(1)
    }

    func second() {
      finish(1)
      finish(2)
    }
    """

  private func faults(_ list: String) -> [String] {
    Mutants.faults(of: [("list.txt", "file: a.swift\n\n\(list)")]) { $0 == "a.swift" ? source : nil }.map(\.description)
  }

  @Test func `the checker sees a mutant whose original text has changed`() {
    let stale = faults("a.good: ends\n  - begin()\n  +\n\na.stale: is lost\n  - start()\n  +")
    #expect(stale == ["list.txt:7: 'a.stale' replaces a text that is there 0 times in a.swift"])
  }

  @Test(arguments: [
    ("a: b\n  - finish(1)", "there 2 times"), ("a: b\n  - begin()\n  after third", "there 0 times"),
    ("a: b\n  - begin()\n  after finish(1)", "there 2 times"), ("a: b\n  - begin()\n  after second", "there 0 times"),
    ("a: b\n  - begin()\n  - finish(2)", "there 0 times"), ("a: b\n  +", "there 0 times"),
    ("file: b.swift\na: b\n  - begin()", "does not exist"), ("a:\n  - begin()", "what it breaks"),
    ("a: b\n  - begin()\n\n  - finish(2)", "belongs to no mistake"), ("a: b\n  - begin()\n  * end()", "'*'"),
    ("a: b\n  - begin()\n\na: c\n  - begin()", "used twice"),
    ("a: b\n  - begin()\n  - finish(1)\n\nc: d\n  - begin()", "overlaps"),
  ])
  func `the checker sees what the script refuses`(list: String, message: String) {
    let found = faults(list)
    #expect(found.count == 1 && found[0].contains(message), "\(found)")
  }

  @Test(arguments: [
    "a: b\n  - finish(1)\n  after second", "a: b\n  - begin()\n  -   finish(1)\n  + other()", "a: b\n  - finish(2)",
    "# text\na: b\n# text\n  - begin()\n  tests Time\n\nc: d\n  - begin()", "a: b\n  - }\n  - func second",
  ])
  func `the checker accepts mutants that the script can plant`(list: String) {
    #expect(faults(list).isEmpty)
  }
}
