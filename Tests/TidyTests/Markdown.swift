// SPDX-License-Identifier: Apache-2.0
//
// The little of Markdown that the rules need: what is prose, what is code, where the links lead, what the headings
// are called.

enum Markdown {
  /// The lines, empty where they are a table or code between fences.
  static func prose(of file: SourceFile) -> [String] {
    withoutCode(file.lines).map { $0.trimmed.hasPrefix("|") ? "" : $0 }
  }

  /// The lines, empty where they are code between fences.
  static func withoutCode(_ lines: [String]) -> [String] {
    var isCode = false
    return lines.map { line in
      let isFence = line.trimmed.hasPrefix("```")
      if isFence { isCode.toggle() }
      return isFence || isCode ? "" : line
    }
  }

  /// The contents of the first block of code in a language.
  static func firstBlock(_ language: String, in lines: [String]) -> [String]? {
    guard let start = lines.firstIndex(where: { $0.trimmed == "```" + language }) else { return nil }
    return Array(lines[(start + 1)...].prefix { $0.trimmed != "```" })
  }

  /// A line without what stands between single back-ticks.
  static func withoutCodeSpans(_ line: String) -> String {
    let parts = line.split(separator: "`", omittingEmptySubsequences: false)
    guard parts.count > 2 else { return line }
    return parts.enumerated().filter { $0.offset.isMultiple(of: 2) }.map { String($0.element) }.joined(separator: "`")
  }

  /// What stands between single back-ticks.
  static func codeSpans(_ line: String) -> [String] {
    let parts = line.split(separator: "`", omittingEmptySubsequences: false)
    return parts.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
  }

  /// A line without the addresses in it, whose length nobody can choose.
  static func withoutTargets(_ line: String) -> String {
    guard line.utf8.count > Length.columns else { return line }
    var line = line
    for target in targets(in: line) { line = line.replacing("(\(target))", with: "") }
    return line.split(separator: " ").filter { !$0.contains("://") }.joined(separator: " ")
  }

  /// Where the links of a line lead, titles included in none.
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

  /// The names under which a page's headings can be linked to, as GitHub and GitLab make them.
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
