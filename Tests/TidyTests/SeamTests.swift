// SPDX-License-Identifier: Apache-2.0
//
// The runtime gets time, randomness and the operating system through one seam, does nothing in an order that a repeated
// run would not have, and neither prints nor ends the program. Tests wait for events, and never for time to pass.

import Testing

enum Seam {
  static let platform = "Sources/Joist/Ground/Platform/"
  static let everywhere: Set = ["Foundation", "FoundationEssentials", "FoundationInternationalization", "Dispatch"]
  static let systems: Set = ["Glibc", "Darwin", "Musl", "Android", "Bionic"]
  /// The modules whose name may qualify a call of a forbidden function.
  static let owners: Set = ["Swift", "Glibc", "Darwin", "Musl"]

  static func imports(in file: SourceFile) -> [Finding] {
    file.words.indices.compactMap { index in
      guard file.words[index].text == "import" else { return nil }
      let line = file.words[index].line
      let modules = Set(file.words[(index + 1)...].prefix { $0.line == line }.map(\.text))
      if let module = modules.intersection(everywhere).first {
        return file.finding(line, "the runtime does not import \(module)")
      }
      guard let system = modules.intersection(systems).first, !file.path.hasPrefix(platform) else { return nil }
      return file.finding(line, "only \(platform) imports \(system)")
    }
  }

  static func hazards(in file: SourceFile) -> [Finding] {
    var findings: [Finding] = []
    func refuse(_ names: String..., because message: String, if isWrong: (Word, Word?) -> Bool) {
      for name in names {
        for use in file.uses(of: name) where isWrong(use.word, use.previous) {
          findings.append(file.finding(use.word.line, "`\(name)`: \(message)"))
        }
      }
    }
    refuse("print", "debugPrint", because: "Joist never prints", if: isFunctionCall)
    refuse("exit", "_exit", because: "Joist never ends the program; call a method with `self.`", if: isFunctionCall)
    if !file.path.hasPrefix(platform) {
      refuse("SystemRandomNumberGenerator", because: "chance comes from the platform") { _, _ in true }
      refuse("random", "randomElement", "shuffled", "shuffle", because: "chance comes from the platform") { word, _ in
        word.isAfter(".") && word.isBefore("(")
      }
      refuse("Date", because: "time comes from the platform") { word, _ in word.isBefore("(") || word.isBefore(".") }
    }
    let message =
      "no order by address or hash: sort on the same line, or say in an `Order:` comment why the order does not show"
    refuse("ObjectIdentifier", "Set", because: message) { word, _ in
      (word.isBefore("(") || word.isBefore("<")) && !isOrdered(file, word.line)
    }
    refuse("keys", "values", because: message) { word, _ in
      word.isAfter(".") && !word.isBefore("(") && !isOrdered(file, word.line)
    }
    return findings
  }

  /// Returns the calls that let time pass in the hope that an event has happened by then.
  ///
  /// The `sleep` of a process is a method, and is allowed.
  static func sleeps(in file: SourceFile) -> [Finding] {
    ["sleep", "usleep", "nanosleep", "clock_nanosleep"].flatMap { name in
      file.uses(of: name).compactMap { use in
        let owner = use.word.isAfter(".") ? use.previous?.text : nil
        guard isFunctionCall(use.word, use.previous) || owner == "Task" || owner == "Thread" else { return nil }
        return file.finding(use.word.line, "\(name): wait for the event, or use the simulator's clock")
      }
    }
  }

  /// Returns whether a word calls a global function, as `exit(` and `Glibc.exit(` do.
  ///
  /// A method call such as `process.exit(` is none, and neither is a declaration.
  private static func isFunctionCall(_ word: Word, _ previous: Word?) -> Bool {
    guard word.isBefore("("), previous?.text != "func" else { return false }
    return !word.isAfter(".") || owners.contains(previous?.text ?? "")
  }

  /// Returns whether a line sorts, or has an `Order:` comment on it or at most three lines above.
  private static func isOrdered(_ file: SourceFile, _ line: Int) -> Bool {
    file.code[line - 1].contains(".sorted") || file.comments[max(0, line - 4)..<line].contains { $0.contains("Order:") }
  }
}

@Suite struct SeamTests {
  @Test func `the runtime imports the operating system only in Platform`() throws {
    expectNone(try Repository.current.get().files(in: "Sources/Joist/", .swift).flatMap(Seam.imports))
  }

  @Test func `the runtime does nothing that a repeated run would do differently, and never prints or exits`() throws {
    expectNone(try Repository.current.get().files(in: "Sources/Joist/", .swift).flatMap(Seam.hazards))
  }

  @Test func `tests never sleep`() throws {
    expectNone(try Repository.current.get().files(in: "Tests/", .swift, .c).flatMap(Seam.sleeps))
  }

  @Test(arguments: ["import Foundation", "public import Glibc", "@preconcurrency import struct Darwin.timespec"])
  func `the checker sees an import past the seam`(text: String) throws {
    #expect(Seam.imports(in: try swift("import CJoist\n\(text)")).map(\.line) == [2])
    let isSystem = !text.contains("Foundation")
    #expect(Seam.imports(in: try swift(text, path: "Sources/Joist/Ground/Platform/Host.swift")).isEmpty == isSystem)
  }

  @Test(arguments: [
    "print(a)", "Swift.print(a)", "exit(1)", "Glibc.exit(1)", "Date()", "Date.now", "SystemRandomNumberGenerator()",
    "Int.random(in: a)", "a.shuffled()", "ObjectIdentifier(a)", "let a: Set<Int>", "for a in b.keys {}",
  ])
  func `the checker sees a hazard`(text: String) throws {
    #expect(Seam.hazards(in: try swift("a()\n\(text)")).map(\.line) == [2])
  }

  @Test(arguments: [
    "process.exit(1)", "func exit(_ a: Int)", "\"print(a)\"", "// exit(1)", "a.print(b)", "Range<Int>", "values",
    "for a in b.keys.sorted() {}",
    "// Order: only asked whether it holds a value.\nlet a: Set<Int>", "fingerprint(a)", "UpDate()",
  ])
  func `the checker accepts what only looks like a hazard`(text: String) throws {
    #expect(Seam.hazards(in: try swift(text)).isEmpty)
  }

  @Test func `only the platform uses randomness and time`() throws {
    let text = "SystemRandomNumberGenerator()\nDate()\nprint(a)"
    #expect(Seam.hazards(in: try swift(text, path: "Sources/Joist/Ground/Platform/Host.swift")).map(\.line) == [3])
  }

  @Test func `the checker sees a sleep`() throws {
    let text = "sleep(1)\nusleep(2)\ntry await Task.sleep(for: a)\nThread.sleep(b)\nprocess.sleep(for: a)\n\"sleep(1)\""
    #expect(Seam.sleeps(in: try swift(text)).map(\.line).sorted() == [1, 2, 3, 4])
  }
}
