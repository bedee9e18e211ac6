// SPDX-License-Identifier: Apache-2.0
//
// The folders of the modules beside the runtime: each uses types only of the folders that are listed for it.

import Testing

enum Folders {
  /// For each folder of a module, the folders of the same module whose types it may use; `.` is the module's own.
  static let uses: [String: [String: Set<String>]] = [
    "JoistSupervision": [
      "Registries": [], "Servers": [], "Supervisors": ["Servers"], "Tables": [], "Tasks": ["Supervisors"],
    ],
    "JoistSimulation": [
      ".": ["Strategies", "Threads"], "Strategies": [], "Threads": [".", "Strategies"], "Programs": [".", "Search"],
      "Search": [".", "Strategies", "Threads"],
    ],
    "JoistCLI": [
      ".": ["Bench", "Inspect", "Simulate", "Validate"], "Bench": ["."], "Inspect": [".", "Bench"], "Simulate": ["."],
      "Validate": [".", "Bench"],
    ],
  ]

  /// Returns a finding for each use of a type whose folder is not listed for the file's folder.
  static func faults(of module: String, in files: [SourceFile], allowed: [String: Set<String>]) -> [Finding] {
    // Several folders may declare types of one name, as private types.
    var declarations: [String: Set<String>] = [:]
    for file in files {
      let here = folder(of: file.path, module)
      for type in TypeNames.declared(in: file) { declarations[type.name, default: []].insert(here) }
    }
    return files.flatMap { file -> [Finding] in
      let here = folder(of: file.path, module)
      return TypeNames.used(in: file).compactMap { word in
        guard let there = declarations[word.text], !there.contains(here),
          allowed[here, default: []].isDisjoint(with: there)
        else { return nil }
        let folders = there.sorted().joined(separator: ", ")
        return file.finding(word.line, "uses \(word.text) of \(folders) from the folder \(here) of \(module)")
      }
    }
  }

  private static func folder(of path: String, _ module: String) -> String {
    let parts = path.dropFirst("Sources/\(module)/".count).split(separator: "/")
    return parts.count > 1 ? String(parts[0]) : "."
  }
}

@Suite struct FolderTests {
  @Test(arguments: Folders.uses.keys.sorted())
  func `a folder uses types only of the folders that are listed for it`(module: String) throws {
    let files = try Repository.current.get().files(in: "Sources/\(module)/", .swift)
    #expect(!files.isEmpty)
    expectNone(Folders.faults(of: module, in: files, allowed: Folders.uses[module, default: [:]]))
  }

  @Test func `the checker sees a use that is not listed`() throws {
    let files = [
      try swift("struct A {}", path: "Sources/M/One/A.swift"), try swift("let b: A", path: "Sources/M/Two/B.swift"),
    ]
    #expect(Folders.faults(of: "M", in: files, allowed: ["Two": ["One"]]).isEmpty)
    #expect(Folders.faults(of: "M", in: files, allowed: ["One": ["Two"]]).map(\.line) == [1])
  }
}
