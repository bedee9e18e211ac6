// SPDX-License-Identifier: Apache-2.0
//
// The parts of Markdown that the rules need: prose, code, the targets of links, and the anchors of headings.

enum Markdown {
  /// Returns the lines, with tables and fenced code replaced by empty lines.
  static func prose(of file: SourceFile) -> [String] {
    withoutCode(file.lines).map { $0.trimmed.hasPrefix("|") ? "" : $0 }
  }

  /// Returns the lines, with fenced code replaced by empty lines.
  static func withoutCode(_ lines: [String]) -> [String] {
    var isCode = false
    return lines.map { line in
      let isFence = line.trimmed.hasPrefix("```")
      if isFence { isCode.toggle() }
      return isFence || isCode ? "" : line
    }
  }

  /// Returns the lines of the first fenced block of code in a language.
  static func firstBlock(_ language: String, in lines: [String]) -> [String]? {
    guard let start = lines.firstIndex(where: { $0.trimmed == "```" + language }) else { return nil }
    return Array(lines[(start + 1)...].prefix { $0.trimmed != "```" })
  }

  /// Returns a line without its code spans, which are between single backticks.
  static func withoutCodeSpans(_ line: String) -> String {
    let parts = line.split(separator: "`", omittingEmptySubsequences: false)
    guard parts.count > 2 else { return line }
    return parts.enumerated().filter { $0.offset.isMultiple(of: 2) }.map { String($0.element) }.joined(separator: "`")
  }

  /// Returns the code spans of a line, which are between single backticks.
  static func codeSpans(_ line: String) -> [String] {
    let parts = line.split(separator: "`", omittingEmptySubsequences: false)
    return parts.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
  }

  /// Returns a line without its addresses, whose length an author cannot choose.
  static func withoutTargets(_ line: String) -> String {
    guard line.utf8.count > Length.columns else { return line }
    var line = line
    for target in targets(in: line) { line = line.replacing("(\(target))", with: "") }
    return line.split(separator: " ").filter { !$0.contains("://") }.joined(separator: " ")
  }

  /// Returns the targets of the links in a line, with their titles if they have any.
  static func targets(in line: String) -> [String] {
    var targets: [String] = []
    var rest = line[...]
    while let start = rest.firstRange(of: "](") {
      rest = rest[start.upperBound...]
      guard let end = rest.firstIndex(of: ")") else { break }
      targets.append(String(rest[..<end]))
    }
    if line.hasPrefix("["), let colon = line.firstRange(of: "]: ") { targets.append(line[colon.upperBound...].trimmed) }
    return targets
  }

  /// Returns the anchors of the headings of a page, as GitHub and GitLab make them.
  static func anchors(of lines: [String]) -> Set<String> {
    var anchors: Set<String> = []
    for line in withoutCode(lines) where line.hasPrefix("#") {
      let title = line.dropping("#").trimmed.lowercased()
      let kept = title.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }
      let name = String(kept.map { $0 == " " ? "-" : $0 })
      var unique = name
      var count = 0
      while !anchors.insert(unique).inserted {
        count += 1
        unique = "\(name)-\(count)"
      }
    }
    return anchors
  }
}
