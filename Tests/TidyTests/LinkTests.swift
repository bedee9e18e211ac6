// SPDX-License-Identifier: Apache-2.0
//
// Every link in Markdown leads to a file or folder of the repository, and to a heading that the file has.

import Testing

enum Links {
  /// Returns the links of a page that lead to no path of the repository, or to no heading of the page at that path.
  static func broken(in page: SourceFile, paths: Set<String>, anchors: (String) -> Set<String>?) -> [Finding] {
    var findings: [Finding] = []
    for (number, line) in Markdown.withoutCode(page.lines).enumerated() {
      for target in Markdown.targets(in: Markdown.withoutCodeSpans(line)) {
        guard let message = fault(target, page.path, paths, anchors) else { continue }
        findings.append(page.finding(number + 1, message))
      }
    }
    return findings
  }

  private static func fault(
    _ target: String,
    _ page: String,
    _ paths: Set<String>,
    _ anchors: (String) -> Set<String>?
  ) -> String? {
    let address = target.split(separator: " ").first.map { $0.dropping("<").filter { $0 != ">" } } ?? ""
    guard !address.contains(":") else { return nil }
    let parts = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let file = parts.first, !address.isEmpty else { return "a link without an address" }
    guard let path = file.isEmpty ? page : resolve(file, from: page) else {
      return "\(file) leads out of the repository"
    }
    guard paths.contains(path) else { return "\(file) does not exist" }
    guard parts.count == 2, let known = anchors(path), !known.contains(parts[1]) else { return nil }
    return "\(path) has no heading #\(parts[1])"
  }

  /// Returns the path below the root that a relative address means; nil if it leads out of the repository.
  private static func resolve(_ address: String, from page: String) -> String? {
    var folders = address.hasPrefix("/") ? [] : page.split(separator: "/").dropLast().map(String.init)
    for name in address.replacing("%20", with: " ").split(separator: "/").map(String.init) where name != "." {
      if name != ".." {
        folders.append(name)
      } else if folders.popLast() == nil {
        return nil
      }
    }
    return folders.joined(separator: "/")
  }
}

@Suite struct LinkTests {
  @Test func `every link in Markdown leads to a file and a heading that exist`() throws {
    let repository = try Repository.current.get()
    let pages = repository.files(in: "", .markdown)
    let anchors = Dictionary(uniqueKeysWithValues: pages.map { ($0.path, Markdown.anchors(of: $0.lines)) })
    expectNone(pages.flatMap { Links.broken(in: $0, paths: repository.paths) { anchors[$0] } })
  }

  @Test func `the checker sees a broken link`() throws {
    let text = """
      [ok](../a.md) [ok](b.md#two-words) [ok](/a.md) [ok](#here) ![ok](https://x.y/z) `[code](none)`
      [no](none.md)
      [no](b.md#three) and [ok](a%20b.md "title")
      ```
      [code](none)
      ```
      [no](../../a.md)
      [label]: gone.md
      [no](#there)
      """
    let page = try #require(SourceFile(path: "docs/page.md", text: text))
    let paths: Set = ["a.md", "docs/b.md", "docs/page.md", "docs/a b.md"]
    let found = Links.broken(in: page, paths: paths) { $0 == "docs/b.md" ? ["two-words"] : ["here"] }
    #expect(found.map(\.line) == [2, 3, 7, 8, 9])
  }

  @Test func `anchors are made from headings`() {
    let lines = ["# `A.b` – c, d", "## Same", "text", "## Same", "```", "# code", "```"]
    #expect(Markdown.anchors(of: lines) == ["ab--c-d", "same", "same-1"])
  }
}
