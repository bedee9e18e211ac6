// SPDX-License-Identifier: Apache-2.0
//
// Code that the compiler cannot check is in few files, and each use says why it is sound.

import Testing

extension UnsafeFence {
  /// Returns the lines with the word, as in `unsafe x`, `@unsafe` or `nonisolated(unsafe)`.
  static func unsafeLines(of file: SourceFile) -> [Int] {
    file.language == .swift ? Set(file.uses(of: "unsafe").map(\.word.line)).sorted() : []
  }

  static func escapes(in file: SourceFile, allowed: Set<String>) -> [Finding] {
    let lines = unsafeLines(of: file)
    guard allowed.contains(file.path) else {
      guard let line = lines.first else { return [] }
      return [file.finding(line, "`unsafe` outside the fence of Tests/TidyTests/UnsafeFence.swift, in lines \(lines)")]
    }
    return lines.isEmpty ? [file.finding(1, "this file has no `unsafe`: remove it from the fence")] : []
  }

  /// Returns the first line of each run of unsafe lines without a `Sound:` comment on it or closely above.
  static func unexplained(in file: SourceFile) -> [Finding] {
    var explained = Int.min
    return unsafeLines(of: file).compactMap { line in
      defer { explained = line }
      guard line != explained + 1 else { return nil }
      let above = file.comments[max(0, line - 1 - reach)..<line]
      guard !above.contains(where: { $0.contains("Sound:") }) else { return nil }
      return file.finding(line, "`unsafe` without a `Sound:` comment in the \(reach) lines above")
    }
  }
}

@Suite struct UnsafeTests {
  @Test func `unsafe stays inside the fence`() throws {
    let repository = try Repository.current.get()
    expectNone(repository.files.flatMap { UnsafeFence.escapes(in: $0, allowed: UnsafeFence.files) })
    for path in UnsafeFence.files.subtracting(repository.paths).sorted() {
      Issue.record("Tests/TidyTests/UnsafeFence.swift:1: \(path) does not exist")
    }
  }

  @Test func `every unsafe says why it is sound`() throws {
    expectNone(try Repository.current.get().files.flatMap(UnsafeFence.unexplained))
  }

  @Test func `the checker sees unsafe outside the fence`() throws {
    let file = try swift("let unsafeName = \"unsafe\"  // unsafe\n@unsafe func f() {}\nunsafe g(unsafe h)")
    let found = UnsafeFence.escapes(in: file, allowed: [])
    #expect(found.count == 1 && found[0].line == 2 && found[0].message.hasSuffix("in lines [2, 3]"))
    #expect(UnsafeFence.escapes(in: file, allowed: [file.path]).isEmpty)
  }

  @Test func `the checker sees a file that no longer needs the fence`() throws {
    let file = try swift("safe()")
    #expect(UnsafeFence.escapes(in: file, allowed: [file.path]).map(\.line) == [1])
  }

  @Test func `the checker sees an unsafe that is not explained`() throws {
    let far = String(repeating: "\n", count: UnsafeFence.reach)
    #expect(UnsafeFence.unexplained(in: try swift("\"Sound:\"\nunsafe a\nunsafe b\n\nunsafe c")).map(\.line) == [2, 5])
    #expect(UnsafeFence.unexplained(in: try swift("// Sound: it is owned.\nunsafe a\nunsafe b")).isEmpty)
    #expect(UnsafeFence.unexplained(in: try swift("// Sound: yes.\(far)unsafe a")).isEmpty)
    #expect(UnsafeFence.unexplained(in: try swift("// Sound: yes.\n\(far)unsafe a")).map(\.line) == [27])
  }
}
