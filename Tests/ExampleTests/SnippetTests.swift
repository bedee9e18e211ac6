// SPDX-License-Identifier: Apache-2.0
//
// The code of the documentation: each example of Examples/Snippets prints what its comments say, and each block of
// Swift on a page is part of a program that the tests compile.

import Foundation
import TestSupport
import Testing

/// An example of the documentation, and the lines that its comments say it prints.
struct Snippet: Sendable, CustomTestStringConvertible {
  let name: String
  let output: [String]

  var testDescription: String { name }

  /// Returns the examples in a program: the functions that take a runtime.
  ///
  /// The lines that a function prints are those after `// prints`, in the order in which they appear.
  static func all(in text: String) -> [Snippet] {
    var name: Substring?
    var indentation: Substring = ""
    var output: [String] = []
    var snippets: [Snippet] = []
    for line in text.split(separator: "\n") {
      if let match = line.firstMatch(of: /^( +)static func (\w+)\(_.*: ProcessRuntime\)/) {
        (indentation, name) = (match.1, match.2)
      } else if let match = line.firstMatch(of: /\/\/ prints (.*)$/) {
        output.append(String(match.1))
      } else if line == indentation + "}", let found = name {
        snippets.append(Snippet(name: String(found), output: output))
        (name, output) = (nil, [])
      }
    }
    return snippets
  }
}

/// The pages of the documentation, and the programs that their code is from.
enum Pages {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Returns the files in a folder and below it whose path contains a text.
  static func files(in folder: String, containing part: String) -> [URL] {
    let files = FileManager.default.enumerator(at: root.appendingPathComponent(folder), includingPropertiesForKeys: nil)
    return (files?.allObjects as? [URL] ?? []).filter { $0.path.contains(part) && !$0.hasDirectoryPath }
      .sorted { $0.path < $1.path }
  }

  static func text(of file: URL) throws -> String { String(decoding: try Data(contentsOf: file), as: UTF8.self) }

  /// Returns the blocks of code in a language on a page, without their indentation and empty lines.
  static func blocks(_ language: String, on page: String) -> [[Substring]] {
    var blocks: [[Substring]] = []
    var isInside = false
    for line in lines(of: page) {
      if line.hasPrefix("```") {
        isInside = line == "```" + language
        if isInside { blocks.append([]) }
      } else if isInside {
        blocks[blocks.count - 1].append(line)
      }
    }
    return blocks
  }

  /// Returns the lines of a text without their indentation, and without empty ones.
  static func lines(of text: String) -> [Substring] {
    text.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }.filter { !$0.isEmpty }
  }
}

@Suite(.serialized) struct SnippetTests {
  static let all: [Snippet] = {
    let files = Pages.files(in: "Examples/Snippets", containing: ".swift")
    let snippets = files.flatMap { Snippet.all(in: (try? Pages.text(of: $0)) ?? "") }
    #if Macros
      return snippets
    #else
      return snippets.filter { $0.name != "macro" }
    #endif
  }()

  @Test(arguments: all) func `an example prints what its comments say`(snippet: Snippet) throws {
    let got = try Shell.run(Shell.program("Snippets"), [snippet.name])
    #expect(got.status == 0, "\(got.error)")
    #expect(got.output.split(separator: "\n").map(String.init) == snippet.output, "\(got.error)")
  }

  @Test func `every example is found, and the program knows no other`() throws {
    let names = try Shell.run(Shell.program("Snippets"), []).output.split(separator: "\n").map(String.init)
    #expect(names == Self.all.map(\.name).sorted() && !names.isEmpty)
  }

  @Test func `the code of every page is from a program that is compiled`() throws {
    let programs =
      Pages.files(in: "Examples", containing: ".swift") + Pages.files(in: "Tests/ExampleTests", containing: ".swift")
      + Pages.files(in: "Tests/CompileTests/Programs", containing: ".swift")
    let texts = try programs.map { "\n" + Pages.lines(of: try Pages.text(of: $0)).joined(separator: "\n") + "\n" }
    let pages = Pages.files(in: "Sources", containing: ".docc/").filter { $0.pathExtension == "md" }
    #expect(!pages.isEmpty)
    for page in pages + [Pages.root.appendingPathComponent("README.md")] {
      for block in Pages.blocks("swift", on: try Pages.text(of: page)) {
        let code = "\n" + block.joined(separator: "\n") + "\n"
        #expect(texts.contains { $0.contains(code) }, "\(page.path): in no program: \(code)")
      }
    }
  }

  @Test func `every error on the page of errors is one that a rejected program gets`() throws {
    let mark = "// error: "
    let expected = try Pages.files(in: "Tests/CompileTests/Programs/Rejected", containing: ".swift").flatMap {
      Pages.lines(of: try Pages.text(of: $0)).filter { $0.hasPrefix(mark) }.map { $0.dropFirst(mark.count) }
    }
    let page = try #require(Pages.files(in: "Sources/Joist", containing: "/ErrorsYouWillSee.md").first)
    let errors = Pages.blocks("text", on: try Pages.text(of: page)).map { $0.joined(separator: " ") }
    #expect(errors.count > 10)
    for error in errors where !expected.contains(where: error.contains) {
      Issue.record("no rejected program gets: \(error)")
    }
  }

  @Test func `examples and their output are read from a program`() {
    let text = """
      extension Snippets {
        static func one(_ runtime: ProcessRuntime) {
          if true {
            print(1)  // prints 1
          }
          // prints 2
        }

        #if Macros
          static func two(_: ProcessRuntime) async throws {
          }
        #endif
        private static func helper() {}
      }
      """
    let snippets = Snippet.all(in: text)
    #expect(snippets.map(\.name) == ["one", "two"] && snippets.map(\.output) == [["1", "2"], []])
  }

  @Test func `blocks of code are read from a page`() {
    let page = "a\n```swift\nb\n\n  c\n```\n```text\nd\n```\n```swift\ne\n```"
    #expect(Pages.blocks("swift", on: page) == [["b", "c"], ["e"]])
  }
}
