// SPDX-License-Identifier: Apache-2.0
//
// The file that `joist bench --json` writes: the machine, the build, the date, and all results.

import Foundation
import Joist

/// The results of a whole suite.
struct Report: Encodable {
  /// The result of one run.
  struct Entry: Encodable {
    let scenario: String
    let threads: Int
    let arguments: [Int]
    var figures: [String: Double] = [:]
    /// The buckets of the distribution, in nanoseconds.
    var buckets: [Bucket]?
    /// The reason why there are no figures, if the run failed.
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

  /// Throws if the file cannot be written; called before the suite runs, which takes minutes.
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
