// SPDX-License-Identifier: Apache-2.0
//
// The repository as the rules see it: its files, which are read once, and the findings of a rule.

import Foundation
import Testing

/// A line that violates a rule.
struct Finding: Equatable, CustomStringConvertible {
  let path: String
  let line: Int
  let message: String

  var description: String { "\(path):\(line): \(message)" }
}

/// Fails the test once for each finding.
func expectNone(_ findings: [Finding], sourceLocation: SourceLocation = #_sourceLocation) {
  for finding in findings { Issue.record("\(finding)", sourceLocation: sourceLocation) }
}

/// The reason why the repository cannot be read.
struct RepositoryError: Error, CustomStringConvertible {
  let description: String
}

/// Every file of the repository, and the text of those in a language that the rules know.
struct Repository: Sendable {
  /// The repository of this package, which the first test that needs it reads.
  static let current = Result { try Repository(around: #filePath) }

  /// The files in a language that the rules know, ordered by path.
  let files: [SourceFile]
  /// The paths of all files and folders, relative to the root, whose own path is empty.
  let paths: Set<String>
  private let root: String

  init(around path: String) throws {
    let root = try Self.root(above: path)
    self.root = root
    var paths: Set<String> = [""]
    try Self.collect("", below: root, into: &paths)
    self.paths = paths
    files = paths.sorted().compactMap { path in
      guard Language.mayKnow(path), let data = FileManager.default.contents(atPath: root + "/" + path) else {
        return nil
      }
      return SourceFile(path: path, text: String(decoding: data, as: UTF8.self))
    }
  }

  func file(at path: String) -> SourceFile? { files.first { $0.path == path } }

  /// Returns the text of a file in any language; nil if there is no such file.
  func text(at path: String) -> String? {
    FileManager.default.contents(atPath: root + "/" + path).map { String(decoding: $0, as: UTF8.self) }
  }

  func files(in folder: String, _ languages: Language...) -> [SourceFile] {
    files.filter { $0.path.hasPrefix(folder) && languages.contains($0.language) }
  }

  /// Returns the first folder above a file that holds this package's manifest, with symbolic links resolved.
  private static func root(above path: String) throws -> String {
    var folder = URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent()
    while folder.path != "/" {
      let manifest = FileManager.default.contents(atPath: folder.appendingPathComponent("Package.swift").path)
      if let manifest, String(decoding: manifest, as: UTF8.self).contains("name: \"joist\"") { return folder.path }
      folder.deleteLastPathComponent()
    }
    throw RepositoryError(description: "no folder above \(path) holds the manifest of joist")
  }

  private static func collect(_ folder: String, below root: String, into paths: inout Set<String>) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: root + "/" + folder) where !isSkipped(name) {
      let path = folder.isEmpty ? name : folder + "/" + name
      paths.insert(path)
      let attributes = try? FileManager.default.attributesOfItem(atPath: root + "/" + path)
      if attributes?[.type] as? FileAttributeType == .typeDirectory { try collect(path, below: root, into: &paths) }
    }
  }

  /// Returns whether a file or folder is written by tools, and not by people.
  private static func isSkipped(_ name: String) -> Bool {
    name.hasPrefix(".build") || name == ".git" || name == ".swiftpm"
  }
}

/// Tests that the repository was really read; otherwise every rule would hold.
@Suite struct RepositoryTests {
  @Test func `the repository is found and read`() throws {
    let repository = try Repository.current.get()
    #expect(repository.file(at: "Package.swift")?.lines.first?.hasPrefix("// swift-tools-version") == true)
    #expect(repository.file(at: "Tests/TidyTests/Repository.swift") != nil)
    #expect(!repository.paths.contains { $0.hasPrefix(".git/") || $0.hasPrefix(".build/") })
  }

  @Test func `a finding names its file and line`() {
    #expect("\(Finding(path: "a/b.swift", line: 7, message: "no"))" == "a/b.swift:7: no")
  }
}
