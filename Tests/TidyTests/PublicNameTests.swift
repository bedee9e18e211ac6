// SPDX-License-Identifier: Apache-2.0
//
// A program that must compile names every public type beside Foundation, Dispatch and others (`CompileTests`). The
// program is complete.

import Testing

enum PublicNames {
  static let program = "Tests/CompileTests/Programs/Accepted/NamesBesideOthers.swift"

  /// Returns a finding for each public type of the files that the program does not name.
  static func missing(from program: SourceFile, of files: [SourceFile]) -> [Finding] {
    let named = Set(program.words.map(\.text))
    return files.flatMap { file in
      types(in: file).filter { !named.contains($0.name) }.map {
        file.finding($0.line, "\($0.name) is not named in \(program.path)")
      }
    }
  }

  /// Returns the public types that a file declares at its top level.
  static func types(in file: SourceFile) -> [TypeNames.Declaration] {
    TypeNames.declared(in: file).filter(\.isPublic)
  }
}

@Suite struct PublicNameTests {
  @Test func `a program names every public type of Joist and JoistSupervision beside other modules`() throws {
    let repository = try Repository.current.get()
    let program = try #require(repository.files(in: PublicNames.program, .swift).first)
    let files =
      repository.files(in: "Sources/Joist/", .swift) + repository.files(in: "Sources/JoistSupervision/", .swift)
    #expect(files.flatMap(PublicNames.types).count > 50)
    expectNone(PublicNames.missing(from: program, of: files))
  }

  @Test func `the checker sees a public type that the program does not name`() throws {
    let program = try swift("func names(_: A) {}", path: PublicNames.program)
    let text =
      "public struct A {\n  public enum Inner {}\n}\nstruct B {}\npublic final class C {}\n@safe public enum D {}"
    let file = try swift(text)
    #expect(PublicNames.types(in: file).map(\.name) == ["A", "C", "D"])
    #expect(PublicNames.missing(from: program, of: [file]).map(\.line) == [5, 6])
  }
}
