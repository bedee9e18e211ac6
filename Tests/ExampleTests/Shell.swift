// SPDX-License-Identifier: Apache-2.0
//
// Runs programs as child processes, and provides temporary folders for their files.

import Foundation
import TestSupport

/// Runs programs.
enum Shell {
  /// Whether the tools of the word-count pipeline are installed.
  static let hasTools = ["tr", "sort", "uniq", "sed", "grep"].allSatisfy {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
      || FileManager.default.isExecutableFile(atPath: "/bin/\($0)")
  }

  /// Returns the path of a program that was built beside the tests.
  static func program(_ name: String) -> String {
    var own = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while own.path != "/", !FileManager.default.isExecutableFile(atPath: own.appendingPathComponent(name).path) {
      own.deleteLastPathComponent()
    }
    return own.appendingPathComponent(name).path
  }

  /// The time limit of a program, far more than any program needs unless it hangs.
  static let limitSeconds = 600

  /// Runs a program and returns its output, its error output and its exit status; kills it at the time limit.
  static func run(_ path: String, _ arguments: [String]) throws -> (output: String, error: String, status: Int32) {
    let folder = try Folder()
    let output = try folder.write("output", "")
    let error = try folder.write("error", "")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C"]) { $1 }
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: error)
    try withAllSignals { try process.run() }
    let (id, timer) = (process.processIdentifier, DispatchSource.makeTimerSource())
    timer.schedule(deadline: .now() + .seconds(limitSeconds))
    timer.setEventHandler { kill(id, SIGKILL) }
    timer.activate()
    process.waitUntilExit()
    timer.cancel()
    return (
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: output)), as: UTF8.self),
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: error)), as: UTF8.self),
      process.terminationStatus
    )
  }
}

/// A temporary folder that is removed with its files when this object is destroyed.
final class Folder {
  private let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("joist-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Writes a file into the folder and returns its path.
  func write(_ name: String, _ text: String) throws -> String {
    let file = url.appendingPathComponent(name)
    try Data(text.utf8).write(to: file)
    return file.path
  }
}
