// SPDX-License-Identifier: Apache-2.0
//
// A dump of a whole program: a text with sections that a person searches by grep, or lines of JSON. Like Erlang's crash
// dumps, the text has a line for each value, and ends with `=end`: a dump without it was cut short.

import Foundation
import Joist

/// Writes a dump within limits of bytes and time.
struct ProgramDump {
  private let inspector: RuntimeInspector
  private let asJSON: Bool
  private let limitBytes: Int
  private let end: ContinuousClock.Instant
  private var bytes: [UInt8] = []
  private var isCut = false
  private let encoder: JSONEncoder

  /// The number of stacks and of waits that a dump has, and the longest time that it takes.
  private static var stacks: Int { 1_000 }
  private static var waits: Int { 1_000 }
  static var longest: Duration { .seconds(30) }
  /// The time for which what runs is sampled, and the number of samples.
  private static var sampled: Duration { .milliseconds(100) }
  private static var samples: Int { 2_000 }
  /// The part of the limit that is left for the last section.
  private static var endBytes: Int { 160 }

  init(_ inspector: RuntimeInspector, asJSON: Bool, limitBytes: Int, longest: Duration) {
    self.inspector = inspector
    self.asJSON = asJSON
    self.limitBytes = limitBytes
    end = .now + longest
    encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  /// Returns the dump.
  mutating func make() -> [UInt8] {
    addProgram()
    addSchedulers()
    addRunning()
    addStacks()
    addWaits()
    addProcesses()
    add("end", isCut ? ["cut": "by its limit of \(limitBytes) bytes or of its time"] : [:], always: true)
    return bytes
  }

  private mutating func addProgram() {
    let (program, runtime) = (inspector.program(), inspector.runtime())
    add(
      "joist",
      [
        "version": program.joistVersion, "program": program.name, "pid": "\(program.pid)",
        "uptime": "\(program.uptimeNanoseconds) ns",
      ]
    )
    add("memory", runtime.memoryBytes.mapValues { "\($0) bytes" })
    add("processes", runtime.processes.mapValues { "\($0)" })
    add("counters", runtime.counters.mapValues { "\($0)" })
    for (name, histogram) in runtime.histograms.sorted(by: { $0.key < $1.key }) {
      let parts = [("p50", 0.5), ("p99", 0.99), ("max", 1)].map {
        ($0.0, histogram.quantile($0.1).map { "\($0)" } ?? "-")
      }
      var values = Dictionary(uniqueKeysWithValues: parts)
      values["count"] = "\(histogram.count)"
      values["unit"] = histogram.unit
      add("histogram:\(name)", values)
    }
  }

  private mutating func addSchedulers() {
    for scheduler in inspector.runtime().schedulers {
      var values = scheduler.timeNanoseconds.mapValues { "\($0) ns" }
      values["running process"] = scheduler.running ?? "none"
      values["queues"] = scheduler.queueLengths.map { "\($0)" }.joined(separator: " ")
      values["slices"] = "\(scheduler.slices)"
      values["stuck"] = "\(scheduler.isStuck)"
      values["migrations"] = "\(scheduler.migrationsIn) in, \(scheduler.migrationsOut) out"
      values["steals"] = "\(scheduler.steals) of \(scheduler.stealAttempts) attempts"
      add("scheduler:\(scheduler.index)", values)
    }
  }

  /// Adds the stacks of what runs, which a program that hangs in a loop is looked at for.
  private mutating func addRunning() {
    guard !isOver, inspector.observed.statistics.schedulers.contains(where: { $0.running != nil }) else { return }
    // Two samples of one loop differ in their addresses, so those with the same functions are one.
    var merged: [[String]: (count: Int, first: ProfiledStack)] = [:]
    for stack in inspector.sample(for: Self.sampled, limit: Self.samples) ?? [] {
      let key = [stack.process] + stack.stack.map { $0.function ?? Self.line($0) }
      merged[key, default: (0, stack)].count += stack.count
    }
    let ordered = merged.map(\.value).sorted { ($1.count, $0.first.process) < ($0.count, $1.first.process) }
    for (number, entry) in ordered.prefix(Self.stacks).enumerated() {
      if isOver { return }
      add(
        "running:\(number + 1)",
        ["process": entry.first.process, "samples": "\(entry.count)"],
        lines: entry.first.stack.map(Self.line)
      )
    }
  }

  private mutating func addStacks() {
    if isOver { return }
    for (number, group) in inspector.stacks(limit: Self.stacks, namesUntil: end).enumerated() {
      if isOver { return }
      add(
        "stack:\(number + 1)",
        [
          "processes": "\(group.count)", "state": group.state, "longest wait": "\(group.longestWaitNanoseconds) ns",
          "examples": group.examples.joined(separator: ", "),
        ],
        lines: group.stack.map(Self.line)
      )
    }
  }

  private mutating func addWaits() {
    if isOver { return }
    let waits = inspector.waits(limit: Self.waits, namesUntil: end)
    for (number, circle) in waits.circles.enumerated() {
      add(
        "deadlock:\(number + 1)",
        ["certain": "\(circle.isCertain)"],
        lines: circle.edges.map(Self.line)
      )
    }
    add("waits", ["count": "\(waits.longest.count)"], lines: waits.longest.map(Self.line))
    // Hints may be wrong.
    let hints = waits.hints.map { "\(WaitList.label($0.process, $0.name)) \($0.reason)" }
    if !hints.isEmpty { add("hints", ["count": "\(hints.count)"], lines: hints) }
    if let stalled = waits.stalled { add("stalled", ["processes": "\(stalled)"], lines: []) }
  }

  private mutating func addProcesses() {
    let names = inspector.nameTable
    for process in inspector.observed.processStatistics {
      if isOver { return }
      let row = inspector.describe(process, names, withFunction: false)
      var values = [
        "state": row.waitReason.map { "\(row.state): \($0)" } ?? row.state, "priority": row.priority,
        "processor time": "\(row.cpuNanoseconds) ns", "queued": "\(row.queuedNanoseconds) ns",
        "slices": "\(row.slices)", "waits": "\(process.waits)",
        "messages": "\(row.messagesIn) in, \(row.messagesOut) out",
        "mailbox": "\(row.mailbox), longest \(row.longestMailbox)", "parent": row.parent ?? "none",
      ]
      if let name = row.name { values["name"] = name }
      if let waiting = row.waitingNanoseconds { values["waiting"] = "\(waiting) ns" }
      add("process:\(row.id)", values)
    }
  }

  private static func line(_ frame: StackFrame) -> String {
    let place = frame.file.map { " at \($0):\(frame.line ?? 0)" } ?? ""
    return (frame.function ?? "0x\(String(frame.address, radix: 16))") + place
  }

  private static func line(_ edge: WaitList.Edge) -> String {
    let waiter = WaitList.label(edge.waiter, edge.waiterName)
    let awaited = WaitList.label(edge.awaited, edge.awaitedName)
    return "\(waiter) waits in \(edge.kind) for \(awaited), for \(edge.nanoseconds) ns"
  }

  /// Whether a limit is reached, which the dump says then.
  private var isOver: Bool {
    mutating get {
      if ContinuousClock.now >= end { isCut = true }
      return isCut
    }
  }

  /// Adds a section; one that does not fit any more is left out.
  private mutating func add(_ section: String, _ values: [String: String], lines: [String] = [], always: Bool = false) {
    if isOver && !always { return }
    let new = asJSON ? json(section, values, lines) : text(section, values, lines)
    if bytes.count + new.count > limitBytes - Self.endBytes && !always {
      isCut = true
    } else {
      bytes += new
    }
  }

  private func text(_ section: String, _ values: [String: String], _ lines: [String]) -> [UInt8] {
    var text = "=\(section)\n"
    for (key, value) in values.sorted(by: { $0.key < $1.key }) { text += "\(key): \(Self.oneLine(value))\n" }
    for line in lines { text += "  \(Self.oneLine(line))\n" }
    return Array(text.utf8)
  }

  private struct Line: Encodable {
    let section: String
    let values: [String: String]
    let lines: [String]?
  }

  private func json(_ section: String, _ values: [String: String], _ lines: [String]) -> [UInt8] {
    let line = Line(section: section, values: values, lines: lines.isEmpty ? nil : lines)
    return ((try? encoder.encode(line)).map { Array($0) } ?? []) + [UInt8(ascii: "\n")]
  }

  /// Returns a text without control characters, so that a name cannot begin a section.
  private static func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }
}

extension RuntimeInspector {
  /// Returns a dump of the runtime; one that reaches its limit of bytes, or of half a minute, says so in its last line.
  public func dump(asJSON: Bool, limitBytes: Int) -> [UInt8] {
    dump(asJSON: asJSON, limitBytes: limitBytes, longest: ProgramDump.longest)
  }

  /// Returns a dump with another limit of time.
  package func dump(asJSON: Bool, limitBytes: Int, longest: Duration) -> [UInt8] {
    var dump = ProgramDump(self, asJSON: asJSON, limitBytes: limitBytes, longest: longest)
    return dump.make()
  }
}
