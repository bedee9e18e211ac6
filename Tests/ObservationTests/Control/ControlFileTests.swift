// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import TestSupport
import Testing

/// Tests of the folder and the file of the control socket.
@Suite(.timeLimit(.minutes(15)))
struct ControlFileTests {
  private let folder: SocketFolder

  init() throws { folder = try SocketFolder() }

  @Test("O2: folder and socket are open to their owner alone, and the socket goes with the server")
  func rights() throws {
    let path = folder.path + "/sockets"
    let server = try ControlServer.open(MadeUpInspector(), name: "made-up", directory: path)
    #expect(server.path == "\(path)/made-up-\(getpid()).sock")
    #expect(try SocketFolder.rights(of: path) == 0o700)
    #expect(try SocketFolder.rights(of: server.path) == 0o600)
    server.close()
    server.close()
    #expect(!FileManager.default.fileExists(atPath: server.path))
  }

  @Test("O2: without a folder the socket lies in that of the session, or else of the user, and clients look in both")
  func usualFolders() async {
    await #expect(processExitsWith: .success) {
      let session = try SocketFolder()
      let (name, pid) = ("folders-\(getpid())", getpid())
      setenv("XDG_RUNTIME_DIR", session.path, 1)
      let first = try ControlServer.open(MadeUpInspector(), name: name)
      #expect(first.path == "\(session.path)/joist/\(name)-\(pid).sock")
      setenv("XDG_RUNTIME_DIR", session.path + "/missing", 1)
      let second = try ControlServer.open(MadeUpInspector(), name: name)
      #expect(second.path == "/tmp/joist-\(geteuid())/\(name)-\(pid).sock")
      #expect(try SocketFolder.rights(of: "/tmp/joist-\(geteuid())") == 0o700)
      setenv("XDG_RUNTIME_DIR", session.path, 1)
      let found = ControlClient.programs().filter { $0.name == name }
      #expect(Set(found.map(\.path)) == [first.path, second.path])
      first.close()
      #expect(try ControlClient.connect(to: name).path == second.path)
      second.close()
    }
  }

  @Test("O2: without a name the socket has that of the executable")
  func executableName() throws {
    let server = try folder.serve(name: nil)
    defer { server.close() }
    let executable = try #require(CommandLine.arguments.first?.split(separator: "/").last)
    #expect(folder.files.first?.hasPrefix(executable.prefix(10)) == true)
  }

  @Test("O2: a second server of the same name is refused while the first lives, and opens after it")
  func secondServer() throws {
    let first = try folder.serve()
    #expect(line { _ = try folder.serve() }?.contains("is in use") == true)
    #expect(try ControlClient.connect(to: first.path).runtime() == MadeUpInspector.runtime)
    first.close()
    let second = try folder.serve()
    #expect(try ControlClient.connect(to: second.path).runtime() == MadeUpInspector.runtime)
    first.close()
    #expect(folder.files.count == 1)
    second.close()
  }

  @Test("O2: a socket on which no program listens is replaced")
  func staleSocket() throws {
    _ = try RawConnection(at: "\(folder.path)/made-up-\(getpid()).sock")
    #expect(folder.files.count == 1)
    let server = try folder.serve()
    defer { server.close() }
    #expect(try ControlClient.connect(to: server.path).runtime() == MadeUpInspector.runtime)
  }

  @Test("O2: a server that is closed does not remove a socket that has replaced its own")
  func replacedSocket() throws {
    let server = try folder.serve()
    try FileManager.default.removeItem(atPath: server.path)
    let other = try RawConnection(at: server.path)
    server.close()
    #expect(folder.files.count == 1)
    withExtendedLifetime(other) {}
  }

  @Test("O2: a file that is not a socket is not replaced")
  func foreignFile() throws {
    let path = "\(folder.path)/made-up-\(getpid()).sock"
    try Data("text".utf8).write(to: URL(fileURLWithPath: path))
    #expect(line { _ = try folder.serve() }?.contains("is in use") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("text".utf8))
    #expect(line { _ = try ControlClient.connect(to: path) }?.contains("is not a socket") == true)
  }

  @Test("O2: a folder that is a symbolic link is refused, with a slash at its end as well", arguments: ["", "/"])
  func symbolicLink(end: String) throws {
    let link = folder.path + "/link"
    let target = try SocketFolder()
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target.path)
    #expect(
      line { _ = try ControlServer.open(MadeUpInspector(), directory: link + end) }?.contains("symbolic link") == true
    )
    #expect(line { _ = try ControlClient.connect(to: "a", directory: link + end) }?.contains("symbolic link") == true)
    #expect(target.files.isEmpty)
  }

  @Test("O2: a folder that is open to others is refused", arguments: [0o755, 0o770, 0o701])
  func openFolder(rights: Int) throws {
    let open = try SocketFolder(rights: rights)
    #expect(line { _ = try open.serve() }?.contains("open to others") == true)
    #expect(line { _ = try ControlClient.connect(to: "a", directory: open.path) }?.contains("open to others") == true)
    #expect(open.files.isEmpty)
  }

  @Test("O2: a folder that belongs to another user is refused", .enabled(if: geteuid() == 0))
  func foreignFolder() throws {
    #expect(chown(folder.path, 65_534, 65_534) == 0)
    #expect(line { _ = try folder.serve() }?.contains("belongs to another user (65534)") == true)
    #expect(folder.files.isEmpty)
  }

  @Test("O2: a missing parent folder and a path that is too long are one line")
  func badPaths() throws {
    let missing = folder.path + "/a/b"
    let longer = folder.path + "/" + String(repeating: "a", count: 100)
    for (path, expected) in [(missing, "cannot create"), (longer, "shorter folder")] {
      #expect(line { _ = try ControlServer.open(MadeUpInspector(), directory: path) }?.contains(expected) == true)
    }
  }

  /// Names and what becomes of them; the test does not take them as arguments, which would be printed.
  private static let names = [
    ("a/b\u{1B}[2J\nc d", "a_b_[2J_c_d"), ("../x", "_._x"), ("", "program"), ("täst-1", "täst-1"),
    ("a\u{202E}b", "a_b"), (String(repeating: "ä", count: 300), String(repeating: "ä", count: 20)),
  ]

  @Test("O2: a name becomes part of a file's name, without control characters and slashes")
  func names() throws {
    for (name, cleaned) in Self.names {
      let server = try folder.serve(name: name)
      defer { server.close() }
      #expect(server.path == "\(folder.path)/\(cleaned)-\(getpid()).sock")
      #expect(ControlClient.programs(directory: folder.path).map(\.name) == [cleaned])
      #expect(try ControlClient.connect(to: cleaned, directory: folder.path).program() == MadeUpInspector.program)
    }
    let missing = line { _ = try ControlClient.connect(to: "x\u{1B}", directory: folder.path) }
    #expect(missing?.contains("\u{1B}") == false)
  }

  @Test("O2: the socket is removed when the program exits without closing its server")
  func removedAtExit() async throws {
    let path = "/tmp/joist-test-exit-\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: path) }
    await #expect(processExitsWith: .exitCode(3)) {
      let path = "/tmp/joist-test-exit-\(getppid())"
      let server = try ControlServer.open(MadeUpInspector(), name: "exits", directory: path)
      guard FileManager.default.fileExists(atPath: server.path) else { exit(4) }
      exit(3)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
  }
}
