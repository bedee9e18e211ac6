// SPDX-License-Identifier: Apache-2.0
//
// The command `joist trace`, which writes what processes and schedulers did in a stretch of time.

import ArgumentParser
import Foundation
import Joist
import JoistObservation

/// The command `joist trace`.
struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Records what processes and schedulers do, and writes it as a trace.",
    discussion: "Without a file the trace is printed as text. The path - stands for the standard output. "
      + "ui.perfetto.dev shows files of --perfetto and --chrome."
  )

  /// The events that are recorded, each level with those of the one before.
  enum Level: String, ExpressibleByArgument, CaseIterable {
    case lifecycle, messages
  }

  @OptionGroup var target: TargetOptions

  @Option(help: "Seconds to record, at most 600; 0 takes what the recorder holds already.")
  var seconds = 1.0

  @Option(help: "Events to record.")
  var level = Level.messages

  @Option(help: ArgumentHelp("Read a recording: a dump, or the file of JOIST_RECORD.", valueName: "file"))
  var from: String?

  @Option(help: ArgumentHelp("Keep only this process, by its name or identity; may be repeated.", valueName: "process"))
  var process: [String] = []

  @Option(help: ArgumentHelp("Keep only processes whose names begin so.", valueName: "text"))
  var prefix: String?

  @Option(help: ArgumentHelp("Keep only the processes below this supervisor.", valueName: "supervisor"))
  var under: String?

  @Option(help: ArgumentHelp("Keep only what was done with this trace token.", valueName: "token"))
  var token: String?

  @Option(help: ArgumentHelp("Write Chrome's JSON.", valueName: "file"))
  var chrome: String?

  @Option(help: ArgumentHelp("Write Perfetto's binary format.", valueName: "file"))
  var perfetto: String?

  @Option(help: ArgumentHelp("Write text, a line for each event.", valueName: "file"))
  var text: String?

  func validate() throws {
    try InspectChecks.seconds(seconds, allowsZero: true)
    if let token, TraceToken(token) == nil {
      throw ValidationError("--token is \(token), and must be a hexadecimal number from 1 to 7ffffffffffffff")
    }
    if from != nil && under != nil { throw ValidationError("--under asks a running program, and --from reads a file") }
    try InspectChecks.oneFormat([("--chrome", chrome != nil), ("--perfetto", perfetto != nil), ("--text", text != nil)])
  }

  func run() throws {
    var trace = try read()
    if let token = token.flatMap({ TraceToken($0) }) { trace = trace.keeping(token) }
    if trace.eventCount == 0 { StandardOutput.hint("the recording has no events") }
    if let chrome {
      try StandardOutput.save(to: chrome) { try trace.writeChromeJSON($0) }
    } else if let perfetto {
      try StandardOutput.save(to: perfetto) { try trace.writePerfetto($0) }
    } else if let text, text != StandardOutput.path {
      try StandardOutput.save(to: text) { try trace.writeText($0) }
    } else {
      try trace.writeText(StandardOutput.writeText)
    }
  }

  /// Returns the trace of a file, or of a program, without the processes that are not asked for.
  private func read() throws -> ExecutionTrace {
    var wanted = process
    if let from {
      guard let data = FileManager.default.contents(atPath: from) else {
        throw InspectionError("\(from) cannot be read")
      }
      return try ExecutionTrace(recording: Array(data)).keeping(wanted, prefix: prefix)
    }
    let client = try target.connect()
    if let under {
      guard let node = try client.supervisionTree().lazy.compactMap({ $0.find(under) }).first else {
        throw InspectionError("there is no supervisor \(under)")
      }
      wanted += node.identities
    }
    let recording = try client.recording(seconds: seconds, level: level.rawValue)
    return try ExecutionTrace(recording: recording).keeping(wanted, prefix: prefix)
  }
}
