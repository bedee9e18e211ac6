// SPDX-License-Identifier: Apache-2.0
//
// Writes a trace as text, an event a line, for `grep`, `awk` and eyes.

/// The state of writing one trace as text.
private struct TextWriter {
  /// The columns that a name gets at most; a longer one moves the rest of its line to the right, and is not cut, so
  /// that a search finds it.
  static let maxTrackColumns = 32
  static let maxNameColumns = 24
  /// The digits of the seconds before the point that fit without moving the line: about eleven days.
  static let secondsColumns = 6

  private let trace: ExecutionTrace
  private let origin: Int64
  private let trackNames, strings: [String]
  private let trackWidths, stringWidths: [Int]
  private let trackColumns, nameColumns: Int
  private var buffer = FormatBuffer()

  init(_ trace: ExecutionTrace) {
    self.trace = trace
    origin = trace.startTime
    trackNames = trace.tracks.map { EscapedText.line($0.name) }
    strings = trace.strings.map(EscapedText.line)
    trackWidths = trackNames.map(\.count)
    stringWidths = strings.map(\.count)
    trackColumns = max("track".count, min(Self.maxTrackColumns, trackWidths.max() ?? 0))
    nameColumns = max("event".count, min(Self.maxNameColumns, stringWidths.max() ?? 0))
  }

  mutating func write(_ sink: ([UInt8]) throws -> Void) rethrows {
    writeHead()
    for event in TimeOrder(trace) {
      switch event {
      case .slice(let index): write(trace.slices[index])
      case .counter(let index): write(trace.counters[index])
      case .instant(let index): write(trace.instants[index])
      case .flow(let index): write(trace.flows[index])
      }
      buffer.append(UInt8(ascii: "\n"))
      try buffer.drain(into: sink)
    }
    try buffer.flush(into: sink)
  }

  private mutating func writeHead() {
    buffer.append(text: "# \(EscapedText.line(trace.programName)), pid \(trace.pid): \(trace.eventCount) events; ")
    buffer.append(text: "time 0 is \(origin) ns on the runtime's clock\n")
    buffer.append(text: "# time in s")
    buffer.appendSpaces(Self.secondsColumns + 10 - "# time in s".count + 2)
    buffer.append(text: "track")
    buffer.appendSpaces(trackColumns - "track".count + 2)
    buffer.append(text: "event")
    buffer.appendSpaces(nameColumns - "event".count + 2)
    buffer.append(text: "details\n")
  }

  private mutating func write(_ slice: ExecutionTrace.Slice) {
    writeColumns(slice.start, slice.track, slice.name)
    buffer.append(text: "ns=")
    buffer.append(decimal: max(0, slice.end &- slice.start))
    if slice.reductions >= 0 {
      buffer.append(text: " reductions=")
      buffer.append(decimal: Int64(slice.reductions))
    }
    writeCategory(slice.category)
  }

  private mutating func write(_ instant: ExecutionTrace.Instant) {
    writeColumns(instant.time, instant.track, instant.name)
    if let value = instant.value {
      buffer.append(text: "value=")
      buffer.append(decimal: value)
      buffer.append(UInt8(ascii: " "))
    }
    writeCategory(instant.category, separator: "")
  }

  private mutating func write(_ counter: ExecutionTrace.CounterValue) {
    writeColumns(counter.time, counter.track, counter.name)
    buffer.append(text: "count=")
    buffer.append(decimal: counter.value)
  }

  private mutating func write(_ flow: ExecutionTrace.Flow) {
    writeColumns(flow.start, flow.from, flow.name)
    buffer.append(text: "after_ns=")
    buffer.append(decimal: max(0, flow.end &- flow.start))
    buffer.append(text: " to=")
    buffer.append(text: trackNames[Int(flow.to)])
  }

  private mutating func writeCategory(_ category: Int32, separator: String = " ") {
    buffer.append(text: separator + "category=")
    buffer.append(text: strings[Int(category)])
  }

  /// Writes the first three columns and the space before the fourth.
  private mutating func writeColumns(_ time: Int64, _ track: Int32, _ name: Int32) {
    let elapsed = UInt64(clamping: time &- origin)
    var bound: UInt64 = 10
    var digits = 1
    while digits < Self.secondsColumns, elapsed / 1_000_000_000 >= bound {
      bound *= 10
      digits += 1
    }
    buffer.appendSpaces(Self.secondsColumns - digits)
    buffer.append(decimal: elapsed / 1_000_000_000)
    buffer.append(UInt8(ascii: "."))
    buffer.append(decimal: elapsed % 1_000_000_000, minDigits: 9)
    buffer.appendSpaces(2)
    buffer.append(text: trackNames[Int(track)])
    buffer.appendSpaces(max(0, trackColumns - trackWidths[Int(track)]) + 2)
    buffer.append(text: strings[Int(name)])
    buffer.appendSpaces(max(0, nameColumns - stringWidths[Int(name)]) + 2)
  }
}

extension ExecutionTrace {
  /// Writes the trace as lines of text in order of time: time, track, event and details.
  ///
  /// The columns are aligned and parted by at least two spaces. Times are seconds since the first event; the first line
  /// says when that was. The details are words of the form `key=value`: `ns` and `reductions` of a slice, `value` of a
  /// mark, `count` of a counter, `after_ns` and `to` of an arrow, and the `category`.
  /// - Parameter sink: Is called with the file's bytes in chunks of about 64 KiB; what it throws ends the writing.
  /// - Throws: What `sink` throws.
  public func writeText(_ sink: ([UInt8]) throws -> Void) rethrows {
    var writer = TextWriter(self)
    try writer.write(sink)
  }
}
