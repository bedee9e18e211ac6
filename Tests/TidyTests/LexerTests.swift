// SPDX-License-Identifier: Apache-2.0
//
// Tests of the lexer, on which all rules about code depend.

import Testing

/// Returns a Swift file with the given text, as the checkers see it.
func swift(_ text: String, path: String = "Sources/Joist/Bad.swift") throws -> SourceFile {
  try #require(SourceFile(path: path, text: text))
}

@Suite struct LexerTests {
  @Test func `comments and strings are not code`() throws {
    let file = try swift("a() // b()\nlet c = \"d()\" /* e\n/* f */ g */ h()")
    #expect(file.words.map(\.text) == ["a", "let", "c", "h"])
    #expect(file.comments[0].trimmed == "// b()")
    #expect(file.literals[1].trimmed == "d()")
  }

  @Test func `an interpolation is code`() throws {
    let file = try swift(##"x = "a \(b("c", (d))) e" + #"f \(g) \#(h) " i"# + j"##)
    #expect(file.words.map(\.text) == ["x", "b", "d", "h", "j"])
  }

  @Test func `a string of several lines ends at three quotes`() throws {
    let file = try swift("let a = \"\"\"\n  b \"c\" // d\n  \\(e)\n  \"\"\"\nf")
    #expect(file.words.map(\.text) == ["let", "a", "e", "f"])
    #expect(file.words.map(\.line) == [1, 1, 3, 5])
  }

  @Test func `a raw identifier is one word`() throws {
    let file = try swift("@Test func `P1: it isn't \"so\" // yet`() {}")
    #expect(file.words.map(\.text) == ["Test", "func", "P1: it isn't \"so\" // yet"])
    #expect(file.words[2].isAfter("`"))
  }

  @Test func `an escaped quote does not end a string`() throws {
    let file = try swift(#"a("\"b", "\\", c)"#)
    #expect(file.words.map(\.text) == ["a", "c"])
  }

  @Test func `C has characters and no nested comments`() throws {
    let file = try #require(SourceFile(path: "a.c", text: "a = '\"'; /* /* b */ c(\"d\"); // e"))
    #expect(file.words.map(\.text) == ["a", "c"])
  }

  @Test func `languages are known by their ending or first line`() {
    #expect(Language(path: "Sources/a.S", text: "") == .assembly)
    #expect(Language(path: ".ci/run", text: "#!/usr/bin/env bash\n") == .shell)
    #expect(Language(path: "LICENSE", text: "Apache") == nil)
    #expect(!Language.mayKnow("a.png"))
  }
}
