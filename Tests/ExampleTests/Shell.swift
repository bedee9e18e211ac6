// SPDX-License-Identifier: Apache-2.0
//
// Programs as children, and a folder of files for them.

import Foundation

/// Runs programs.
enum Shell {
  /// Whether the tools of the pipeline are here.
  static let hasTools = ["tr", "sort", "uniq", "sed", "grep"].allSatisfy {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
      || FileManager.default.isExecutableFile(atPath: "/bin/\($0)")
  }

  /// A program that was built beside the tests.
  static func program(_ name: String) -> String {
    var own = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while own.path != "/", !FileManager.default.isExecutableFile(atPath: own.appendingPathComponent(name).path) {
      own.deleteLastPathComponent()
    }
    return own.appendingPathComponent(name).path
  }

  /// How long a program may take: far more than any needs, and an end for one that hangs.
  static let limitSeconds = 600

  /// What a program wrote, and how it ended; it is killed at the limit.
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
    try process.run()
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

/// A folder that goes when it is no longer needed.
final class Folder {
  private let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("joist-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Writes a file and gives back its path.
  func write(_ name: String, _ text: String) throws -> String {
    let file = url.appendingPathComponent(name)
    try Data(text.utf8).write(to: file)
    return file.path
  }
}
