// SPDX-License-Identifier: Apache-2.0
//
// A real terminal for tests: a pane of tmux with a server of its own, which a test types into and looks at.

import Foundation
import TestSupport

/// A pane with a shell.
final class TerminalPane {
  /// The `joist` executable that was built together with the tests; nil if there is none.
  static let executable: String? = {
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let path = folder.appendingPathComponent("joist").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  /// Whether a pane can be opened and has something to run; older versions of tmux refuse `-D` and `-N`.
  static let isAvailable = executable != nil && (try? run("tmux", ["-D", "-N", "-V"])) != nil

  let folder: String
  private let socket: String
  /// The server, which stays a child of the test: as a daemon it would keep the descriptors with which Foundation waits
  /// for its children.
  private let server = Process()

  /// Opens a pane of 80 × 24 and a folder for control sockets.
  init() throws {
    socket = "joist-test-\(UUID().uuidString.prefix(8))"
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(socket).path
    let rights: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: rights)
    let shell = "env -u NO_COLOR PS1='prompt ' LC_ALL=C.UTF-8 sh"
    server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    server.arguments = ["tmux", "-L", socket, "-f", "/dev/null", "-D"]
    try withAllSignals { try server.run() }
    let deadline = ContinuousClock.now + testLimit
    while (try? tmux(["new-session", "-d", "-x", "80", "-y", "24", shell])) == nil {
      guard ContinuousClock.now < deadline else { throw CocoaError(.executableLoad) }
    }
  }

  /// Ends the pane and deletes the folder.
  func close() {
    server.terminate()
    server.waitUntilExit()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Types keys, named as tmux names them.
  func press(_ keys: String...) throws { _ = try tmux(["send-keys"] + keys) }

  /// Types a line of text and the enter key.
  func type(_ line: String) throws {
    _ = try tmux(["send-keys", "-l", line])
    try press("Enter")
  }

  func resize(columns: Int, lines: Int) throws {
    _ = try tmux(["resize-window", "-x", "\(columns)", "-y", "\(lines)"])
  }

  /// Returns the lines that the pane shows.
  func lines() throws -> [String] {
    try tmux(["capture-pane", "-p"]).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
      String.init
    )
  }

  /// Looks at the pane until the condition holds; returns what it showed last, also if the time is over.
  func wait(until condition: ([String]) -> Bool) throws -> [String] {
    let deadline = ContinuousClock.now + testLimit
    var lines = try lines()
    while !condition(lines), ContinuousClock.now < deadline { lines = try self.lines() }
    return lines
  }

  private func tmux(_ arguments: [String]) throws -> String { try Self.run("tmux", ["-N", "-L", socket] + arguments) }

  private static func run(_ command: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    return String(decoding: data, as: UTF8.self)
  }
}
