// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import TestSupport
import Testing

/// Tests of what a closed server leaves behind.
///
/// Some run in a program of their own, whose threads they can count.
@Suite(.timeLimit(.minutes(15)))
struct ControlCloseTests {
  /// The number of the program's threads that serve control sockets.
  private static var threads: Int {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return tasks.count { task in
      (try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)) == "joist-control\n"
    }
  }

  /// The number of the program's descriptors.
  private static var descriptors: Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? -1
  }

  /// Whether the system lists the threads of a program.
  private static let canCount = FileManager.default.fileExists(atPath: "/proc/self/task")

  @Test(
    "O2: a server that is closed while clients are connected leaves no thread, descriptor or file",
    .enabled(if: canCount)
  )
  func leavesNothing() async {
    await #expect(processExitsWith: .success) {
      let folder = try SocketFolder()
      var before = 0
      for round in 0..<3 {
        if round == 1 { before = Self.descriptors }  // The first round opens what the process keeps open.
        let server = try folder.serve()
        let clients = try (0..<8).map { _ in try ControlClient.connect(to: server.path) }
        let raw = try (0..<4).map { _ in try RawConnection(to: server.path) }
        raw[0].write([1, 2])
        #expect(try raw.count == 4 && clients[0].runtime() == MadeUpInspector.runtime)
        wait(until: "all clients are accepted") { Self.threads == 13 }
        server.close()
        wait(until: "the joined threads are gone from the list") { Self.threads == 0 }
        #expect(raw.allSatisfy { $0.readToEnd() == 0 })
        #expect(line { _ = try clients[0].runtime() }?.contains("has ended") == true)
      }
      #expect(folder.files.isEmpty)
      #expect(Self.descriptors == before)
    }
  }

  @Test("O2: closing waits a bounded time for a question, and its thread ends after it", .enabled(if: canCount))
  func closesInTheMiddle() async {
    await #expect(processExitsWith: .success) {
      let folder = try SocketFolder()
      var limits = ControlLimits()
      limits.closing = .milliseconds(100)
      let gate = QuestionGate()
      let server = try folder.serve(MadeUpInspector { if $0 == "stacks" { gate.pass() } }, limits: limits)
      let path = server.path
      let asked = ThreadCalls { _ in line { _ = try ControlClient.connect(to: path).stacks(limit: 1) } }
      wait(until: "the question is asked") { gate.arrived == 1 }
      server.close()
      #expect(asked.wait().first??.contains("gave no answer") == true)
      wait(until: "only the thread of the question is left") { Self.threads == 1 }
      gate.open()
      wait(until: "the thread of the question has ended") { Self.threads == 0 }
    }
  }

  @Test("O2: a server can be closed by several threads at once, and while clients connect")
  func closesAtOnce() throws {
    let folder = try SocketFolder()
    for _ in 0..<10 {
      let server = try folder.serve()
      let path = server.path
      let clients = ThreadCalls(8) { _ in line { _ = try ControlClient.connect(to: path).runtime() } }
      let closers = ThreadCalls(4) { _ in
        server.close()
        return FileManager.default.fileExists(atPath: path)
      }
      #expect(closers.wait() == [false, false, false, false])
      #expect(clients.wait().count == 8)
    }
    #expect(folder.files.isEmpty)
  }
}
