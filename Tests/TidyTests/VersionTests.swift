// SPDX-License-Identifier: Apache-2.0
//
// The command's version is the one that the changelog describes first.

import Testing

@Suite struct VersionTests {
  @Test func `the command's version is that of the topmost section of the changelog`() throws {
    let repository = try Repository.current.get()
    let source = try #require(repository.files(in: "Sources/Joist/Ground/Basics/Built.swift", .swift).first)
    let changelog = try #require(repository.files(in: "CHANGELOG.md", .markdown).first)
    let declaration = try #require(source.code.firstIndex { $0.contains("static let version") })
    let section = try #require(changelog.lines.first { $0.hasPrefix("## ") })
    let version = source.literals[declaration].trimmed
    #expect(!version.isEmpty && section.split(separator: " ").dropFirst().first.map(String.init) == version)
  }
}
