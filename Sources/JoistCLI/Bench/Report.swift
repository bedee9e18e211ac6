// SPDX-License-Identifier: Apache-2.0
//
// What `--json` writes: where, with what and when it was measured, and everything that was.

import Foundation

/// A whole suite.
struct Report: Encodable {
  /// One run.
  struct Entry: Encodable {
    let scenario: String
    let threads: Int
    let arguments: [Int]
    var figures: [String: Double] = [:]
    /// Of the distribution, in nanoseconds.
    var buckets: [Bucket]?
    /// Why there are no figures.
    var problem: String?

    init(scenario: String, threads: Int, arguments: [Int]) {
      self.scenario = scenario
      self.threads = threads
      self.arguments = arguments
    }
  }

  let machine = Machine()
  let swift = Built.swift
  let isForDebugging = Built.isForDebugging
  let date = Date().formatted(.iso8601)
  let results: [Entry]

  init(results: [Entry]) { self.results = results }

  /// Throws if the file could not be written: better before two minutes than after.
  static func check(_ path: String) throws {
    let file = URL(fileURLWithPath: path)
    let files = FileManager.default
    let isFolder = (try? file.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) ?? false
    let written = files.fileExists(atPath: path) ? file : file.deletingLastPathComponent()
    guard !isFolder, files.isWritableFile(atPath: written.path) else {
      throw BenchProblem("\(path) cannot be written")
    }
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(to: URL(fileURLWithPath: path))
  }
}
