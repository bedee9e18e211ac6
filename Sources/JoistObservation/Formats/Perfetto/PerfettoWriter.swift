// SPDX-License-Identifier: Apache-2.0
//
// Writes a trace in Perfetto's protobuf format, as one sequence of packets in order of time. Names and categories are
// interned: they stand once at the beginning, and events have their numbers.

/// The state of writing one trace in Perfetto's format.
struct PerfettoWriter {
  private typealias Fields = PerfettoFields

  private let trace: ExecutionTrace
  private let tracks: PerfettoTracks
  private var buffer = FormatBuffer()
  private var open = OpenSlices()
  private var flows: FlowPoints
  /// The identities of the counters that have been described, by track and name.
  private var counters: [UInt64: UInt64] = [:]

  /// Prepares to write `trace`.
  init(_ trace: ExecutionTrace) {
    self.trace = trace
    tracks = PerfettoTracks(trace)
    flows = FlowPoints(trace.flows)
  }

  /// Writes the whole file.
  mutating func write(_ sink: ([UInt8]) throws -> Void) rethrows {
    buffer.appendFirstPackets(startTime: trace.startTime)
    for (index, string) in trace.strings.enumerated() {
      buffer.append(interned: string, number: UInt64(index + 1))
      try buffer.drain(into: sink)
    }
    tracks.describeProgram(in: &buffer)
    for index in trace.tracks.indices {
      tracks.describe(index, in: &buffer)
      try buffer.drain(into: sink)
    }
    for event in TimeOrder(trace) {
      switch event {
      case .slice(let index):
        let slice = trace.slices[index]
        try finish(until: slice.start, sink)
        begin(slice)
      case .counter(let index):
        let counter = trace.counters[index]
        try finish(until: counter.time, sink)
        write(counter)
      case .instant(let index):
        let instant = trace.instants[index]
        try finish(until: instant.time, sink)
        write(instant)
      case .flow:
        break  // Its ends are among `flows`.
      }
      try buffer.drain(into: sink)
    }
    try finish(until: .max, sink)
    try buffer.flush(into: sink)
  }
}

extension PerfettoWriter {
  /// Writes the ends of slices up to that time, and the ends of arrows before it that no event has taken.
  @inline(__always)
  private mutating func finish(until time: Int64, _ sink: ([UInt8]) throws -> Void) rethrows {
    while true {
      if let end = open.first, end.time <= time, end.time <= flows.firstTime ?? .max {
        open.removeFirst()
        buffer.appendEvent(end.time, Fields.EventType.sliceEnd, track: tracks.identities[Int(end.track)]) { _ in }
      } else if let point = flows.takeFirst(before: time) {
        write(point)
      } else {
        return
      }
      try buffer.drain(into: sink)
    }
  }

  @inline(__always)
  private mutating func begin(_ slice: ExecutionTrace.Slice) {
    let points = flows.take(time: slice.start, track: slice.track)
    buffer.appendEvent(slice.start, Fields.EventType.sliceBegin, track: tracks.identities[Int(slice.track)]) { event in
      event.append(field: Fields.Event.nameNumber, UInt64(slice.name) + 1)
      event.append(field: Fields.Event.categoryNumber, UInt64(slice.category) + 1)
      if slice.reductions >= 0 { event.append(annotation: Fields.AnnotationName.reductions, Int64(slice.reductions)) }
      for point in points { event.append(flows.points[point], tracks) }
    }
    open.insert(OpenSlices.End(time: max(slice.start, slice.end), track: slice.track))
  }

  @inline(__always)
  private mutating func write(_ instant: ExecutionTrace.Instant) {
    let points = flows.take(time: instant.time, track: instant.track)
    buffer.appendEvent(instant.time, Fields.EventType.instant, track: tracks.identities[Int(instant.track)]) { event in
      event.append(field: Fields.Event.nameNumber, UInt64(instant.name) + 1)
      event.append(field: Fields.Event.categoryNumber, UInt64(instant.category) + 1)
      if let value = instant.value { event.append(annotation: Fields.AnnotationName.value, value) }
      for point in points { event.append(flows.points[point], tracks) }
    }
  }

  private mutating func write(_ counter: ExecutionTrace.CounterValue) {
    let key = UInt64(UInt32(counter.track)) << 32 | UInt64(UInt32(counter.name))
    let identity: UInt64
    if let known = counters[key] {
      identity = known
    } else {
      identity = tracks.counter(track: counter.track, name: counter.name)
      counters[key] = identity
      tracks.describeCounter(track: counter.track, name: counter.name, in: &buffer)
    }
    buffer.appendEvent(counter.time, Fields.EventType.counter, track: identity) { event in
      event.append(field: Fields.Event.counterValue, signed: counter.value)
    }
  }

  /// Writes the end of an arrow that no event has taken, as an instant with the arrow's name.
  private mutating func write(_ point: FlowPoints.Point) {
    buffer.appendEvent(point.time, Fields.EventType.instant, track: tracks.identities[Int(point.track)]) { event in
      event.append(field: Fields.Event.nameNumber, UInt64(trace.flows[Int(point.flow)].name) + 1)
      event.append(point, tracks)
    }
  }
}

extension ExecutionTrace {
  /// Writes the trace in Perfetto's protobuf format, which ui.perfetto.dev opens.
  ///
  /// The program is a process with its schedulers as threads and a group of tracks with one for each of Joist's
  /// processes. Times are those of the system's monotonic clock, in nanoseconds. Processes beyond the first 5,000 are
  /// drawn with others of the same name.
  /// - Parameter sink: Is called with the file's bytes in chunks of about 64 KiB; what it throws ends the writing.
  /// - Throws: What `sink` throws.
  public func writePerfetto(_ sink: ([UInt8]) throws -> Void) rethrows {
    var writer = PerfettoWriter(self)
    try writer.write(sink)
  }
}
