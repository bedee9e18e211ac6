// SPDX-License-Identifier: Apache-2.0
//
// Comments and pages are plain technical English: a sentence names its actor, and a quantity has a name.

import Testing

enum Prose {
  /// A phrase that no comment and no page may use.
  struct Phrase {
    let words: [String]
    /// Words that make the phrase good English if one of them follows.
    var exceptBefore: [String] = []
    let reason: String
  }

  /// The phrases, in lower case; they are found in any case, and across the ends of lines.
  static let phrases = [
    Phrase(words: ["so", "many"], exceptBefore: ["as", "that"], reason: "name the number: `count`, \"at most N\""),
    Phrase(words: ["so", "much"], exceptBefore: ["as", "that"], reason: "name the amount: `bytes`, \"at most N\""),
    Phrase(words: ["so", "long"], exceptBefore: ["as", "that"], reason: "name the time: `timeout`, \"at most N\""),
    Phrase(words: ["how-manieth"], reason: "name the number: its index, its sequence number"),
    Phrase(words: ["it", "is", "none"], reason: "say what it is, or that it is not one"),
    Phrase(words: ["but", "for"], reason: "write \"except for\", or \"without\""),
    Phrase(words: ["for", "ever"], reason: "one word: \"forever\""),
    Phrase(words: ["whoever"], reason: "name the actor: \"the thread that\", \"whichever side\""),
  ]

  static let headless = "a sentence begins with a bare \"Who\"; name the actor: \"The process that\""

  /// A word of a comment or of a page, with the punctuation around it.
  private struct Token {
    let text: String
    let line: Int

    /// The word in lower case, without the punctuation.
    var word: String { core.lowercased() }

    /// The word without the punctuation.
    var core: String {
      let start = text.dropping(Self.openers)
      guard let last = start.lastIndex(where: { !Self.closers.contains($0) }) else { return "" }
      return String(start[...last])
    }

    /// Whether a sentence ends here; a colon and a cell of a table end one, too.
    var endsSentence: Bool { [".", "?", "!", ":", "|"].contains { end == $0 } }

    /// Whether a punctuation mark parts it from the next word.
    var endsWithMark: Bool { end.map { ",;".contains($0) } ?? false || endsSentence }

    var isQuestion: Bool { end == "?" }

    /// The last character, other than a closing quotation mark or parenthesis.
    private var end: Character? { text.last { !"\"'”’)*_".contains($0) } }

    private static let openers = "\"'“‘(*_|"
    private static let closers = "\"'”’)*_|.,:;!?"
  }

  /// Returns each use of a phrase and each headless sentence, in the order of the file.
  static func faults(in file: SourceFile) -> [Finding] {
    paragraphs(of: file).flatMap { paragraph in
      let tokens = tokens(of: paragraph)
      let words = tokens.map(\.word)
      return tokens.indices.flatMap { index in
        var findings: [Finding] = []
        if isHeadless(tokens, index) { findings.append(file.finding(tokens[index].line, headless)) }
        for phrase in phrases where isUse(of: phrase, tokens, words, index) {
          let text = phrase.words.joined(separator: " ")
          findings.append(file.finding(tokens[index].line, "\"\(text)\": \(phrase.reason)"))
        }
        return findings
      }
    }
  }

  private static func isUse(of phrase: Phrase, _ tokens: [Token], _ words: [String], _ index: Int) -> Bool {
    guard words[index] == phrase.words[0], words[index...].prefix(phrase.words.count).elementsEqual(phrase.words) else {
      return false
    }
    let next = index + phrase.words.count
    guard next < words.count, !tokens[next - 1].endsWithMark else { return true }
    return !phrase.exceptBefore.contains(words[next])
  }

  /// Whether a sentence that is not a question begins with "Who" at a place.
  private static func isHeadless(_ tokens: [Token], _ index: Int) -> Bool {
    guard tokens[index].core == "Who", index == 0 || tokens[index - 1].endsSentence else { return false }
    return tokens[index...].first { $0.endsSentence }?.isQuestion != true
  }

  /// Splits a paragraph at white space; code between back-ticks is part of one token.
  private static func tokens(of paragraph: [(text: String, line: Int)]) -> [Token] {
    var tokens: [Token] = []
    let marks = paragraph.reduce(0) { $0 + $1.text.split(separator: "`", omittingEmptySubsequences: false).count - 1 }
    var isCode = false
    var seen = 0
    for (text, line) in paragraph {
      var word = ""
      for character in text + " " {
        if character == "`" {
          seen += 1
          // The last of an odd number opens nothing.
          if isCode || seen < marks { isCode.toggle() }
        }
        if isCode {
          if character != " " || !word.isEmpty { word.append("`") }
        } else if character == " " {
          if !word.isEmpty { tokens.append(Token(text: word, line: line)) }
          word = ""
        } else {
          word.append(character)
        }
      }
      if !word.isEmpty { tokens.append(Token(text: word, line: line)) }
    }
    return tokens
  }

  /// Returns the lines of each paragraph, list item, heading, and comment, without their marks.
  private static func paragraphs(of file: SourceFile) -> [[(text: String, line: Int)]] {
    var paragraphs: [[(text: String, line: Int)]] = []
    var isOpen = false
    for (index, content) in contents(of: file).enumerated() {
      guard let content, !content.text.isEmpty else {
        isOpen = false
        continue
      }
      if isOpen, !content.begins {
        paragraphs[paragraphs.count - 1].append((content.text, index + 1))
      } else {
        paragraphs.append([(content.text, index + 1)])
      }
      isOpen = true
    }
    return paragraphs
  }

  /// Returns the prose of each line, and whether it begins a paragraph of its own; nil where there is none.
  private static func contents(of file: SourceFile) -> [(text: String, begins: Bool)?] {
    switch file.language {
    case .markdown:
      return Markdown.withoutCode(file.lines).map { line in
        let text = line.trimmed
        return (text.dropping("#->*+ ").trimmed, text.first.map { "#->*+|0123456789".contains($0) } ?? true)
      }
    case .shell:
      return file.lines.map { line in
        let text = line.trimmed
        return text.hasPrefix("#") && !text.hasPrefix("#!") ? (text.dropping("# ").trimmed, false) : nil
      }
    case .swift, .c, .assembly:
      var isExample = false
      return file.comments.enumerated().map { index, comment in
        let text = comment.trimmed
        guard !text.isEmpty else {
          isExample = false
          return nil
        }
        let content = (text.hasSuffix("*/") ? String(text.dropLast(2)) : text).dropping("/*! ").trimmed
        if content.hasPrefix("```") {
          isExample.toggle()
          return nil
        }
        let isBesideCode = !file.code[index].trimmed.isEmpty
        return isExample ? nil : (content.dropping("- ").trimmed, isBesideCode || content.hasPrefix("- "))
      }
    }
  }
}

@Suite struct ProseTests {
  @Test func `no comment and no page has a headless sentence or a phrase without a figure`() throws {
    expectNone(try Repository.current.get().files.flatMap(Prose.faults))
  }

  @Test(arguments: [
    "// Who waits is parked.", "/// It is parked. Who wakes it?\n/// Who sees that gives way.", "// Waits so long.",
    "f()  // so\n\n// It has so\n// many.", "/* But\n * for the lock. */", "// (Whoever has it.)", "// - Who has it.",
    "// It waits for ever.", "// It is none then.", "// the how-manieth", "// - Note: Who reads it is free.",
    "// As much, so much; as that", "// `a`: Who owns it.",
  ])
  func `the checker sees bad prose in a comment`(comment: String) throws {
    #expect(Prose.faults(in: try swift("f()\n\(comment)\ng()")).count == 1)
  }

  @Test(arguments: [
    "// Who may call it? Any thread.", "// Those who wait are parked.", "// It waits so long as it runs.",
    "// There are so many that it grows.", "let a = \"Who waits for ever\"", "// `Who` and `so many`", "// but forty",
    "func `who waits for ever`() {}", "// ```\n// Who(so: long)\n// ```", "// for everyone", "// so\n\n// many",
    "// `a single ` that opens ` nothing",
  ])
  func `the checker accepts good prose and code`(comment: String) throws {
    #expect(Prose.faults(in: try swift("f()\n\(comment)\ng()")).map(\.description) == [])
  }

  @Test func `the checker sees bad prose in a page and in a script`() throws {
    let page = """
      # Who waits

      It is `so many
      long`. Who waits, waits. | so much |
      | a | Who b |
      ```
      Who c
      ```
      - one
      - Who d
      """
    let markdown = try #require(SourceFile(path: "a.md", text: page))
    #expect(Prose.faults(in: markdown).map(\.line) == [1, 4, 4, 5, 10])
    let script = "#!/bin/sh\n# Who runs it.\necho so many  # no\n# It runs so\n# long.\n"
    let shell = try #require(SourceFile(path: "a", text: script))
    #expect(Prose.faults(in: shell).map(\.line) == [2, 4])
  }
}
