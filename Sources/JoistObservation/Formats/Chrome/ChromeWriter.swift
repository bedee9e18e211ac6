// SPDX-License-Identifier: Apache-2.0
//
// Writes a trace in Chrome's JSON format, an event a line. What repeats (names, categories, numbers of threads) is made
// into bytes once; an event is then a few copies and its numbers.

/// The state of writing one trace in Chrome's format.
struct ChromeWriter {
  private let trace: ExecutionTrace
  private let threads: ChromeThreads
  private let origin: Int64
  private var buffer = FormatBuffer()
  /// The beginning of an event with each of the trace's strings as its name, and each string as a category.
  private let names, categories: [[UInt8]]
  /// The process and thread of each thread, as members of an event.
  private let places: [[UInt8]]
  /// The beginning of the event of each counter of a track.
  private var counterNames: [UInt64: [UInt8]] = [:]

  private static let slicePhase = Array(",\"ph\":\"X\",\"ts\":".utf8)
  private static let beginPhase = Array(",\"ph\":\"b\",\"ts\":".utf8)
  private static let endPhase = Array(",\"ph\":\"e\",\"ts\":".utf8)
  private static let instantPhase = Array(",\"ph\":\"i\",\"s\":\"t\",\"ts\":".utf8)
  private static let counterPhase = Array(",\"ph\":\"C\",\"ts\":".utf8)
  private static let flowStartPhase = Array(",\"cat\":\"flow\",\"ph\":\"s\",\"ts\":".utf8)
  private static let flowEndPhase = Array(",\"cat\":\"flow\",\"ph\":\"f\",\"bp\":\"e\",\"ts\":".utf8)
  private static let duration = Array(",\"dur\":".utf8)
  private static let identity = Array(",\"id\":".utf8)
  private static let reductions = Array(",\"args\":{\"reductions\":".utf8)
  private static let value = Array(",\"args\":{\"value\":".utf8)

  /// Prepares to write `trace`.
  init(_ trace: ExecutionTrace) {
    self.trace = trace
    threads = ChromeThreads(trace)
    origin = trace.startTime
    places = threads.threads.map(\.place)
    let escaped = trace.strings.map(EscapedText.json)
    names = escaped.map { Array(",\n{\"name\":\"".utf8) + $0 + [UInt8(ascii: "\"")] }
    categories = escaped.map { Array(",\"cat\":\"".utf8) + $0 + [UInt8(ascii: "\"")] }
  }

  /// Writes the whole file.
  mutating func write(_ sink: ([UInt8]) throws -> Void) rethrows {
    writeHead()
    for index in threads.threads.indices {
      writeMetadata(of: threads.threads[index], rank: index)
      try buffer.drain(into: sink)
    }
    for slice in trace.slices {
      write(slice)
      try buffer.drain(into: sink)
    }
    for instant in trace.instants {
      write(instant)
      try buffer.drain(into: sink)
    }
    for counter in trace.counters {
      write(counter)
      try buffer.drain(into: sink)
    }
    for (index, flow) in trace.flows.enumerated() {
      write(flow, identity: index + 1)
      try buffer.drain(into: sink)
    }
    buffer.append(text: "\n]}\n")
    try buffer.flush(into: sink)
  }
}

extension ChromeWriter {
  /// Writes what stands before the events, and the names of the two processes.
  private mutating func writeHead() {
    let program = String(decoding: EscapedText.json(trace.programName), as: UTF8.self)
    buffer.append(
      text: """
        {"displayTimeUnit":"ns",\
        "otherData":{"program":"\(program)","pid":\(trace.pid),"originNanoseconds":\(origin)},\
        "traceEvents":[
        {"name":"process_name","ph":"M","pid":\(ChromeThreads.schedulersPid),\
        "args":{"name":"schedulers of \(program)"}},
        {"name":"process_sort_index","ph":"M","pid":\(ChromeThreads.schedulersPid),"args":{"sort_index":0}},
        {"name":"process_name","ph":"M","pid":\(ChromeThreads.processesPid),\
        "args":{"name":"processes of \(program)"}},
        {"name":"process_sort_index","ph":"M","pid":\(ChromeThreads.processesPid),"args":{"sort_index":1}}
        """
    )
  }

  private mutating func writeMetadata(of thread: ChromeThreads.Thread, rank: Int) {
    buffer.append(text: ",\n{\"name\":\"thread_name\",\"ph\":\"M\"")
    buffer.append(thread.place)
    buffer.append(text: ",\"args\":{\"name\":\"")
    buffer.append(EscapedText.json(thread.name))
    buffer.append(text: "\"}},\n{\"name\":\"thread_sort_index\",\"ph\":\"M\"")
    buffer.append(thread.place)
    buffer.append(text: ",\"args\":{\"sort_index\":\(rank)}}")
  }

  @inline(__always)
  private mutating func write(_ slice: ExecutionTrace.Slice) {
    let thread = threads.threadOfTrack[Int(slice.track)]
    if threads.threads[thread].hasOverlaps { return writeAsynchronous(slice, thread: thread) }
    begin(slice.name, slice.category, Self.slicePhase, slice.start)
    buffer.append(Self.duration)
    buffer.append(microsecondsOf: max(0, slice.end &- slice.start))
    buffer.append(places[thread])
    end(Self.reductions, slice.reductions < 0 ? nil : Int64(slice.reductions))
  }

  /// Writes a slice as a pair of events whose identity is the process, so that viewers draw it beside the slices of
  /// other processes.
  private mutating func writeAsynchronous(_ slice: ExecutionTrace.Slice, thread: Int) {
    for isEnd in [false, true] {
      let time = isEnd ? max(slice.start, slice.end) : slice.start
      begin(slice.name, slice.category, isEnd ? Self.endPhase : Self.beginPhase, time)
      buffer.append(places[thread])
      buffer.append(Self.identity)
      buffer.append(UInt8(ascii: "\""))
      buffer.append(hexadecimal: trace.tracks[Int(slice.track)].number)
      buffer.append(UInt8(ascii: "\""))
      end(Self.reductions, isEnd || slice.reductions < 0 ? nil : Int64(slice.reductions))
    }
  }

  @inline(__always)
  private mutating func write(_ instant: ExecutionTrace.Instant) {
    begin(instant.name, instant.category, Self.instantPhase, instant.time)
    buffer.append(places[threads.threadOfTrack[Int(instant.track)]])
    end(Self.value, instant.value)
  }

  /// Writes the value of a counter.
  ///
  /// A counter belongs to a process of the format, not to a thread, so its name begins with that of the track.
  private mutating func write(_ counter: ExecutionTrace.CounterValue) {
    let thread = threads.threadOfTrack[Int(counter.track)]
    let key = UInt64(UInt32(bitPattern: Int32(truncatingIfNeeded: thread))) << 32 | UInt64(UInt32(counter.name))
    if let name = counterNames[key] {
      buffer.append(name)
    } else {
      let full = "\(threads.threads[thread].name): \(trace.strings[Int(counter.name)])"
      let name = Array(",\n{\"name\":\"".utf8) + EscapedText.json(full) + [UInt8(ascii: "\"")]
      counterNames[key] = name
      buffer.append(name)
    }
    buffer.append(Self.counterPhase)
    buffer.append(microsecondsOf: counter.time &- origin)
    buffer.append(places[thread])
    end(Self.value, counter.value)
  }

  /// Writes both ends of an arrow; nothing if one of them is on a thread with asynchronous slices.
  ///
  /// Viewers attach an arrow to the slice of a thread at each end, which asynchronous slices are not.
  private mutating func write(_ flow: ExecutionTrace.Flow, identity: Int) {
    let from = threads.threadOfTrack[Int(flow.from)]
    let to = threads.threadOfTrack[Int(flow.to)]
    guard !threads.threads[from].hasOverlaps, !threads.threads[to].hasOverlaps else { return }
    for isEnd in [false, true] {
      buffer.append(names[Int(flow.name)])
      buffer.append(isEnd ? Self.flowEndPhase : Self.flowStartPhase)
      buffer.append(microsecondsOf: (isEnd ? max(flow.start, flow.end) : flow.start) &- origin)
      buffer.append(places[isEnd ? to : from])
      buffer.append(Self.identity)
      buffer.append(decimal: UInt64(identity))
      buffer.append(UInt8(ascii: "}"))
    }
  }

  @inline(__always)
  private mutating func begin(_ name: Int32, _ category: Int32, _ phase: [UInt8], _ time: Int64) {
    buffer.append(names[Int(name)])
    buffer.append(categories[Int(category)])
    buffer.append(phase)
    buffer.append(microsecondsOf: time &- origin)
  }

  @inline(__always)
  private mutating func end(_ argument: [UInt8], _ value: Int64?) {
    if let value {
      buffer.append(argument)
      buffer.append(decimal: value)
      buffer.append(UInt8(ascii: "}"))
    }
    buffer.append(UInt8(ascii: "}"))
  }
}

extension ExecutionTrace {
  /// Writes the trace in Chrome's JSON format, which Perfetto, `chrome://tracing` and speedscope open.
  ///
  /// Process 1 of the file has the schedulers as its threads, process 2 Joist's processes; arrows lead from a send to
  /// its receipt, or whatever else the flows of the trace are. Times count from the first event; the file says under
  /// `otherData` when that was. Processes beyond the first 5,000 share a thread with others of the same name.
  /// - Parameter sink: Is called with the file's bytes in chunks of about 64 KiB; what it throws ends the writing.
  /// - Throws: What `sink` throws.
  public func writeChromeJSON(_ sink: ([UInt8]) throws -> Void) rethrows {
    var writer = ChromeWriter(self)
    try writer.write(sink)
  }
}
