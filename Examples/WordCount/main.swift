// SPDX-License-Identifier: Apache-2.0
//
// Counts words: one process reads, one process counts each piece of text, one collects. Pieces are moved to those who
// count them, and tables to the collector; no more than a few are under way at a time.

import Foundation
import Joist

/// What the collector is sent.
enum Mail: Sendable {
  /// A piece was counted.
  case table(WordTable)
  /// There are so many pieces.
  case all(Int)
  /// A file could not be read.
  case problem(String)
}

/// Ends the program with one line.
func stop(_ line: String, status: Int32) -> Never {
  FileHandle.standardError.write(Data("WordCount: \(line)\n".utf8))
  exit(status)
}

/// On a terminal: how far the reading is, in place of what stood there before.
func show(_ line: String) {
  if isatty(2) == 1 { FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8)) }
}

/// Reads the files and has each piece counted by a process of its own; a permit comes back for each.
func read(
  _ files: [String],
  _ process: ProcessContext<Void>,
  _ permits: Int,
  to collector: ProcessRef<Mail>
) throws {
  var free = permits
  var pieces = 0
  let reader = process.ref
  do {
    for path in files {
      var file = try TextFile(path)
      while let piece = try file.next(process) {
        if free == 0 { try process.receive() } else { free -= 1 }
        pieces += 1
        if pieces % 16 == 0 { show("\(pieces) MB read") }
        process.spawn { worker in
          var table = WordTable()
          try table.count(piece.bytes) { bytes in try worker.reduce(bytes) }
          collector.send(.table(table))
          reader.send(())
        }
      }
    }
    collector.send(.all(pieces))
  } catch let problem as FileProblem {
    collector.send(.problem(problem.line))
  }
}

/// Adds up what comes, until everything has come; then prints it.
func collect(_ process: ProcessContext<Mail>) throws {
  var total = WordTable()
  var pieces: Int?
  var counted = 0
  while pieces.map({ counted < $0 }) ?? true {
    switch try process.receive() {
    case .table(let table):
      total.add(table)
      counted += 1
    case .all(let number): pieces = number
    case .problem(let line): stop(line, status: 1)
    }
  }
  show("")
  FileHandle.standardOutput.write(Data(total.lines()))
}

var files = Array(CommandLine.arguments.dropFirst())
var configuration = ProcessRuntime.Configuration()
let usage = "usage: WordCount [--schedulers N] FILE…"
if files.first == "--help" {
  print(usage)
  exit(0)
}
if files.first == "--schedulers" {
  guard files.count > 1, let number = Int(files[1]) else { stop("--schedulers needs a number; \(usage)", status: 64) }
  configuration.schedulers = number
  files.removeFirst(2)
}
if let option = files.first(where: { $0.hasPrefix("--") }) { stop("no option \(option); \(usage)", status: 64) }
if files.isEmpty { stop("no file; \(usage)", status: 64) }

do {
  let runtime = try ProcessRuntime(configuration)
  let collector = runtime.spawn(Mail.self, collect)
  let permits = runtime.schedulerCount * 4
  runtime.spawn(Void.self) { [files] process in try read(files, process, permits, to: collector) }
  runtime.waitUntilIdle()
  runtime.shutdown()
} catch {
  stop("\(error)", status: 64)
}
