// SPDX-License-Identifier: Apache-2.0
//
// Calls a writer of the formats and keeps what it writes.

import Foundation
import JoistObservation

/// What a writer has given to its sink.
struct Collected {
  private(set) var bytes: [UInt8] = []
  /// The sizes of the chunks in which the bytes came.
  private(set) var chunks: [Int] = []

  init(_ write: (_ sink: ([UInt8]) throws -> Void) throws -> Void) throws {
    var bytes: [UInt8] = []
    var chunks: [Int] = []
    try write { chunk in
      bytes += chunk
      chunks.append(chunk.count)
    }
    self.bytes = bytes
    self.chunks = chunks
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A program of the system that a test runs.
struct Tool {
  /// Runs a program found by the `PATH`, and returns its output; nil if it cannot be run or fails.
  static func run(_ arguments: [String]) -> Data? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? data : nil
  }

  /// Returns the path of a program in the repository's folder `Scripts`.
  static func script(_ name: String) -> String {
    let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
    return repository.appendingPathComponent("Scripts/\(name)").path
  }

  /// Whether Python can import a module.
  static func pythonHas(_ module: String) -> Bool { run(["python3", "-c", "import \(module)"]) != nil }
}

/// A new folder, which the test that makes it removes at its end.
struct TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/joist-formats-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
