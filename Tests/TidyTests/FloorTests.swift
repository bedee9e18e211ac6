// SPDX-License-Identifier: Apache-2.0
//
// The runtime has four floors, and a file uses types of its own floor and of those below it.

import Testing

enum Floors {
  static let folder = "Sources/Joist/"
  /// The folders, from the lowest to the highest.
  static let order = ["Ground", "Machine", "Services", "Testing"]
  /// The upward uses that are allowed, each with its measured reason; an entry that is not needed fails the test.
  static let exceptions: [Exception] = []

  /// A use of a type that is declared on a higher floor.
  struct UpwardUse {
    let file: SourceFile
    let line: Int
    let type: String
    let declared: String

    var finding: Finding {
      file.finding(line, "uses \(type), declared in \(declared) on a higher floor")
    }
  }

  /// Types of a higher floor that one file may use.
  struct Exception {
    let types: [String]
    /// The path below ``Floors/folder`` of the file that uses the types.
    let file: String
    let reason: String

    init(_ types: String..., in file: String, because reason: String) {
      self.types = types
      self.file = file
      self.reason = reason
    }
  }

  /// Returns the floor of a file, counted from zero; nil for a file that stands on none.
  static func floor(of path: String) -> Int? {
    guard path.hasPrefix(folder) else { return nil }
    return order.firstIndex { path.dropFirst(folder.count).hasPrefix($0 + "/") }
  }

  /// Returns the files on no floor, the upward uses that are not allowed, and the exceptions that are not needed.
  static func faults(in files: [SourceFile], exceptions: [Exception], list: String) -> [Finding] {
    let uses = upwardUses(in: files)
    let used = Set(uses.map { Pair(type: $0.type, path: $0.file.path) })
    var allowed: Set<Pair> = []
    var findings = files.filter { floor(of: $0.path) == nil }.map {
      $0.finding(1, "stands on no floor; the floors are \(order.joined(separator: ", "))")
    }
    for exception in exceptions {
      for type in exception.types {
        let pair = Pair(type: type, path: folder + exception.file)
        let name = "\(type) in \(exception.file)"
        if !allowed.insert(pair).inserted {
          findings.append(Finding(path: list, line: 1, message: "\(name) is listed twice"))
        } else if !used.contains(pair) {
          findings.append(Finding(path: list, line: 1, message: "\(name) is not used: remove its entry"))
        }
      }
    }
    return findings + uses.filter { !allowed.contains(Pair(type: $0.type, path: $0.file.path)) }.map(\.finding)
  }

  static func upwardUses(in files: [SourceFile]) -> [UpwardUse] {
    var declarations: [String: (path: String, floor: Int)] = [:]
    for file in files {
      guard let floor = floor(of: file.path) else { continue }
      for type in TypeNames.declared(in: file) where floor < declarations[type.name]?.floor ?? .max {
        declarations[type.name] = (file.path, floor)
      }
    }
    return files.flatMap { file -> [UpwardUse] in
      guard let floor = floor(of: file.path) else { return [] }
      return TypeNames.used(in: file).compactMap { word in
        guard let declaration = declarations[word.text], declaration.floor > floor else { return nil }
        return UpwardUse(file: file, line: word.line, type: word.text, declared: declaration.path)
      }
    }
  }

  private struct Pair: Hashable {
    let type: String
    let path: String
  }
}

@Suite struct FloorTests {
  @Test func `no file of the runtime uses a type of a higher floor`() throws {
    let files = try Repository.current.get().files(in: Floors.folder, .swift)
    #expect(!files.isEmpty)
    let list = "Tests/TidyTests/FloorTests.swift"
    expectNone(Floors.faults(in: files, exceptions: Floors.exceptions, list: list))
  }

  private func files(_ texts: KeyValuePairs<String, String>) throws -> [SourceFile] {
    try texts.map { try swift($0.value, path: Floors.folder + $0.key) }
  }

  private func faults(
    _ texts: KeyValuePairs<String, String>,
    _ exceptions: [Floors.Exception] = []
  ) throws -> [String] {
    Floors.faults(in: try files(texts), exceptions: exceptions, list: "list").map(\.description)
  }

  @Test func `the checker sees a use of a type of a higher floor`() throws {
    let found = try faults([
      "Ground/A.swift": "struct A {\n  var b: B?\n}", "Machine/B.swift": "@frozen public struct B { var a = A() }",
      "Services/C.swift": "final class C: B {}\nfunc f(d: D) {}", "Testing/D.swift": "typealias D = (A, B, C)",
    ])
    let folder = Floors.folder
    #expect(
      found == [
        "\(folder)Ground/A.swift:2: uses B, declared in \(folder)Machine/B.swift on a higher floor",
        "\(folder)Services/C.swift:2: uses D, declared in \(folder)Testing/D.swift on a higher floor",
      ]
    )
  }

  @Test(arguments: ["// B", "\"B\"", "a.B", "Bb", "func `B`() {}", "case .B"])
  func `the checker accepts what only looks like a use`(text: String) throws {
    #expect(try faults(["Ground/A.swift": text, "Machine/B.swift": "struct B {}"]).isEmpty)
  }

  @Test func `the checker sees a file on no floor`() throws {
    #expect(try faults(["Cellar/A.swift": "struct A {}"]).count == 1)
  }

  @Test func `the checker allows an exception, and sees one that is not needed`() throws {
    let texts: KeyValuePairs = ["Ground/A.swift": "let b = B()", "Machine/B.swift": "struct B {}"]
    let needed = Floors.Exception("B", in: "Ground/A.swift", because: "this is a test")
    #expect(try faults(texts, [needed]).isEmpty)
    let idle = Floors.Exception("C", in: "Ground/A.swift", because: "this is a test")
    #expect(try faults(texts, [needed, idle]) == ["list:1: C in Ground/A.swift is not used: remove its entry"])
    #expect(try faults(texts, [needed, needed]) == ["list:1: B in Ground/A.swift is listed twice"])
  }
}
