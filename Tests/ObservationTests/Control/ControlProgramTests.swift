// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import TestSupport
import Testing

/// Tests of the list of programs and of the way to one of them.
@Suite(.timeLimit(.minutes(15)))
struct ControlProgramTests {
  /// A number that no process has, because it is beyond the largest one.
  private static let noProcess = Int32.max - 7
  private let folder: SocketFolder

  init() throws { folder = try SocketFolder() }

  private func path(_ name: String, _ pid: Int32) -> String { "\(folder.path)/\(name)-\(pid).sock" }

  @Test("O2: the list has the programs that answer, and those that do not answer without a description")
  func list() throws {
    let b = try folder.serve(name: "b")
    defer { b.close() }
    let a = try folder.serve(name: "a")
    defer { a.close() }
    let silent = (1...5).map { try? RawConnection(at: path("silent", $0)) }
    try Data().write(to: URL(fileURLWithPath: folder.path + "/other.txt"))
    let began = ContinuousClock.now
    let programs = ControlClient.programs(directory: folder.path)
    #expect(ContinuousClock.now - began < .seconds(4))
    #expect(programs.map(\.name) == ["a", "b"] + [String](repeating: "silent", count: silent.count))
    #expect(programs.map(\.pid) == [getpid(), getpid(), 1, 2, 3, 4, 5])
    #expect(programs.map(\.description) == [MadeUpInspector.program, MadeUpInspector.program, nil, nil, nil, nil, nil])
    #expect(programs[0].path == a.path)
    #expect(ControlClient.programs(directory: folder.path + "/missing") == [])
  }

  @Test("O2: sockets without a program are left out, and removed if the process has ended")
  func stale() throws {
    _ = try RawConnection(at: path("living", getpid()))
    _ = try RawConnection(at: path("ended", Self.noProcess))
    #expect(folder.files.count == 2)
    #expect(ControlClient.programs(directory: folder.path) == [])
    #expect(folder.files == ["living-\(getpid()).sock"])
  }

  @Test("O2: a program is found by its number, its name and its path")
  func targets() throws {
    let server = try folder.serve()
    defer { server.close() }
    for target in ["\(getpid())", "made-up", server.path] {
      #expect(try ControlClient.connect(to: target, directory: folder.path).path == server.path)
    }
  }

  @Test("O2: a program that is not there is one line with those that there are")
  func missing() throws {
    let none = line { _ = try ControlClient.connect(to: "web", directory: folder.path) }
    #expect(none?.contains("no program web") == true)
    let server = try folder.serve(name: "api")
    defer { server.close() }
    _ = try RawConnection(at: path("web", Self.noProcess))
    let one = line { _ = try ControlClient.connect(to: "web", directory: folder.path) }
    #expect(one?.contains("no program web") == true && one?.hasSuffix("api (\(getpid()))") == true)
    let gone = line { _ = try ControlClient.connect(to: folder.path + "/x.sock") }
    #expect(gone?.contains("no program answers") == true)
  }

  @Test("O2: several programs of a name are one line with their numbers")
  func several() throws {
    let first = try folder.serve(name: "web")
    defer { first.close() }
    let second = try RawConnection(at: path("web", 1))
    let text = line { _ = try ControlClient.connect(to: "web", directory: folder.path) }
    #expect(text?.hasSuffix("1, \(getpid())") == true || text?.hasSuffix("\(getpid()), 1") == true)
    withExtendedLifetime(second) {}
    let third = try folder.serve(name: "api")
    defer { third.close() }
    let number = line { _ = try ControlClient.connect(to: "\(getpid())", directory: folder.path) }
    #expect(number?.contains(first.path) == true && number?.contains(third.path) == true)
  }

  @Test("O2: a program that does not answer is one line")
  func silent() throws {
    let program = try RawConnection(at: path("silent", 1))
    let text = line {
      _ = try ControlClient.connect(to: "silent", directory: folder.path, patience: .milliseconds(100))
    }
    #expect(text?.contains("does not answer in time") == true)
    withExtendedLifetime(program) {}
  }

  @Test(
    "O2: a program of another version, or that is none, is one line",
    arguments: [
      (RawConnection.frame(#"{"version":2,"id":1,"new":[]}"#), "version 2"),
      (RawConnection.frame(#"{"version":1,"id":9}"#), "does not speak"),
      (RawConnection.frame(#"{"version":1,"id":1,"ok":{}}"#), "cannot be read"),
      (RawConnection.frame(#"{"version":1,"id":1}"#), "sent no answer"),
      (RawConnection.frame("[]"), "does not speak"),
      (Array("HTTP/1.1 400 Bad Request".utf8), "does not speak"), ([1, 0, 0, 0], "no answer"),
    ] as [([UInt8], String)]
  )
  func otherVersion(reply: [UInt8], expected: String) throws {
    let listening = try RawConnection(at: path("other", 1))
    let program = ThreadCalls { _ in
      guard let connection = try? listening.accept() else { return false }
      return connection.readFrame() != nil && connection.write(reply)
    }
    let text = line { _ = try ControlClient.connect(to: "other", directory: folder.path, patience: .seconds(20)) }
    #expect(text?.contains(expected) == true, "\(text ?? "no error")")
    #expect(program.wait() == [true])
  }

  @Test("O2: another user is refused by program and client", .enabled(if: geteuid() == 0))
  func otherUser() async throws {
    let server = try folder.serve()
    defer { server.close() }
    let path = "/tmp/joist-test-user-\(getpid()).sock"
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(chmod(folder.path, 0o755) == 0 && chmod(server.path, 0o777) == 0 && link(server.path, path) == 0)
    await #expect(processExitsWith: .success) {
      let path = "/tmp/joist-test-user-\(getppid()).sock"
      try #require(setuid(65_534) == 0)
      #expect(line { _ = try ControlClient.connect(to: path) }?.contains("belongs to another user (0)") == true)
      #expect(try RawConnection(to: path).readFrame()?.contains("the program runs as user 0") == true)
    }
  }
}
