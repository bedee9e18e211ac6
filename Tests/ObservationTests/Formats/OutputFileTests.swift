// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import Testing

/// Tests that an output file is complete or not there, and that a failure says in a line what to do.
struct OutputFileTests {
  @Test("O1: an output file has what was written, in place of an old file, and no other file is left")
  func replaces() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/trace.json"
    for text in ["one", "two, which is longer", ""] {
      try OutputFile.write(to: path) { sink in
        for byte in text.utf8 { try sink([byte]) }
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["trace.json"])
  }

  @Test("O1: an old file keeps its contents until the new one is complete, and if writing fails")
  func keepsOldFile() throws {
    struct Failure: Error, CustomStringConvertible { let description = "the trace is broken" }
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/trace.json"
    try OutputFile.write(to: path) { try $0(Array("old".utf8)) }
    let error = #expect(throws: InspectionError.self) {
      try OutputFile.write(to: path) { sink in
        try sink(Array("new".utf8))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        throw Failure()
      }
    }
    #expect(error?.description == "cannot write \(path): the trace is broken")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["trace.json"])
  }

  @Test("O1: a full disk is one clear line", .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func fullDevice() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/trace.json"
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
    let error = #expect(throws: InspectionError.self) { try OutputFile.write(to: path) { try $0([1]) } }
    #expect(
      error?.description == "cannot write \(path): the disk is full; free some space or choose another folder"
    )
    #expect(FileManager.default.fileExists(atPath: "/dev/full"))
  }

  @Test("O1: a disk that becomes full leaves the old file and no half one", .enabled(if: SmallDisk.isPossible))
  func fullDisk() throws {
    let disk = try SmallDisk()
    defer { disk.remove() }
    let path = disk.path + "/trace.json"
    try OutputFile.write(to: path) { try $0(Array("old".utf8)) }
    let error = #expect(throws: InspectionError.self) {
      try OutputFile.write(to: path) { sink in
        for _ in 0..<100 { try sink(Array(repeating: 7, count: 65_536)) }
      }
    }
    #expect(
      error?.description == "cannot write \(path): the disk is full; free some space or choose another folder"
    )
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == ["trace.json"])
  }

  @Test("O1: a missing folder, a folder as the target, and a file as a folder are one clear line each")
  func wrongPaths() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let file = folder.path + "/file"
    try OutputFile.write(to: file) { try $0([1]) }
    let cases = [
      (folder.path + "/missing/a", "its folder does not exist; create the folder or choose another one"),
      (folder.path, "it is a folder; name a file in it"),
      (file + "/a", "a part of the path is not a folder; correct the path"),
    ]
    for (path, reason) in cases {
      let error = #expect(throws: InspectionError.self) { try OutputFile.write(to: path) { try $0([1]) } }
      #expect(error?.description == "cannot write \(path): \(reason)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
  }

  @Test("O1: a folder in which the user may not write is one clear line", .enabled(if: LockedFolder.isPossible))
  func noRight() throws {
    let folder = try LockedFolder()
    defer { folder.remove() }
    let path = folder.path + "/trace.json"
    let error = #expect(throws: InspectionError.self) { try OutputFile.write(to: path) { try $0([1]) } }
    let reason = "there is no right to write in its folder; choose another folder"
    #expect(error?.description == "cannot write \(path): \(reason)")
  }

  @Test("O1: a symbolic link to an old output file stays one, and the new file keeps the permissions of the old one")
  func linkAndPermissions() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/real"
    let link = folder.path + "/link"
    try OutputFile.write(to: path) { try $0([1]) }
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    try OutputFile.write(to: link) { try $0([2, 3]) }
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([2, 3]))
    let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(permissions == 0o600)
  }

  @Test("O1: an output file may have a name as long as the system allows, and a path without a folder")
  func names() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/" + String(repeating: "n", count: 255)
    try OutputFile.write(to: path) { try $0([1]) }
    #expect(FileManager.default.fileExists(atPath: path))
    let error = #expect(throws: InspectionError.self) { try OutputFile.write(to: path + "n") { try $0([1]) } }
    #expect(error?.description.hasSuffix("the name is too long; choose a shorter one") == true)
    let name = "joist-output-\(UUID().uuidString)"
    try OutputFile.write(to: name) { try $0([1]) }
    try FileManager.default.removeItem(atPath: name)
  }
}

/// A file system with room for a few pages, which the test that makes it removes at its end.
private struct SmallDisk {
  let path: String

  init() throws {
    let folder = try TemporaryFolder()
    path = folder.path
    guard Tool.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", path]) == nil else { return }
    folder.remove()
    throw CocoaError(.fileWriteUnknown)
  }

  func remove() {
    _ = Tool.run(["umount", path])
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Whether this user may mount file systems.
  static let isPossible: Bool = {
    let disk = try? SmallDisk()
    disk?.remove()
    return disk != nil
  }()
}

/// A folder in which this user may not write, which the test that makes it removes at its end.
private struct LockedFolder {
  let path: String

  /// An administrator may write in any folder that is not marked as immutable, which some file systems can do.
  private static let isAdministrator = geteuid() == 0

  init() throws {
    let folder = try TemporaryFolder()
    path = folder.path
    if Self.isAdministrator {
      guard Tool.run(["chattr", "+i", path]) == nil else { return }
      folder.remove()
      throw CocoaError(.fileWriteUnknown)
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: path)
  }

  func remove() {
    if Self.isAdministrator { _ = Tool.run(["chattr", "-i", path]) }
    try? FileManager.default.removeItem(atPath: path)
  }

  static let isPossible: Bool = {
    let folder = try? LockedFolder()
    folder?.remove()
    return folder != nil
  }()
}
