// SPDX-License-Identifier: Apache-2.0
//
// Runs other programs: tools that some tests need, and that a machine may lack.

#if Dashboard
  import Foundation

  enum Command {
    /// Runs a program to its end and returns its status and its standard output.
    static func run(_ path: String, _ arguments: [String], input: String = "") throws -> (status: Int32, text: String) {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = arguments
      let (stdin, stdout) = (Pipe(), Pipe())
      process.standardInput = stdin
      process.standardOutput = stdout
      process.standardError = FileHandle.nullDevice
      try process.run()
      try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
      try stdin.fileHandleForWriting.close()
      let data = try stdout.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// Whether Python has the package `prometheus_client`.
    static let hasPrometheusClient =
      (try? run("/usr/bin/env", ["python3", "-c", "import prometheus_client"]).status) == 0

    /// The path of a Chromium browser; nil if there is none.
    static let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
#endif
