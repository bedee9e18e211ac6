// SPDX-License-Identifier: Apache-2.0
//
// Counts words: one process reads the files, a process per piece of text counts its words, and one process collects the
// counts. Pieces are moved to the processes that count them, and tables to the collector. The number of pieces in
// progress at a time is limited.

import Foundation
import Joist

/// A message to the collector.
enum Mail: Sendable {
  /// A piece was counted.
  case table(WordTable)
  /// All files have been read; the value is the number of pieces.
  case all(Int)
  /// A file could not be read.
  case problem(String)
}

/// Prints one line to standard error and ends the program.
func stop(_ line: String, status: Int32) -> Never {
  FileHandle.standardError.write(Data("WordCount: \(line)\n".utf8))
  exit(status)
}

/// Shows the progress on a terminal, in place of the previous progress.
func show(_ line: String) {
  if isatty(2) == 1 { FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8)) }
}

/// Reads the files and spawns a process for each piece, which counts its words and sends the table to the collector.
///
/// A piece takes a permit, and its process returns it by a message, so at most `permits` pieces are in progress.
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

/// Adds up the tables until all pieces are counted, and prints the result.
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
if let option = files.first(where: { $0.hasPrefix("--") }) { stop("unknown option \(option); \(usage)", status: 64) }
if files.isEmpty { stop("no file given; \(usage)", status: 64) }

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
