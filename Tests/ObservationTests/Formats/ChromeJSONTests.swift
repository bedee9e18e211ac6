// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import Testing

/// Tests of the trace in Chrome's format, as a JSON parser sees it.
struct ChromeJSONTests {
  @Test("O1: Chrome's JSON has each slice, with its time to the nanosecond, and slices of a thread do not overlap")
  func slices() throws {
    var generator = TraceGenerator(seed: 1)
    let trace = generator.trace(turns: 400)
    let file = try ChromeFile(trace)
    let slices = file.events("X")
    #expect(slices.count == trace.slices.count)
    #expect(file.nanoseconds(slices) == trace.slices.map { [$0.start - TraceGenerator.origin, $0.end - $0.start] })
    #expect(slices.compactMap { $0["name"] as? String } == trace.slices.map { trace.strings[Int($0.name)] })
    #expect(slices.compactMap { $0["cat"] as? String } == trace.slices.map { trace.strings[Int($0.category)] })
    let reductions = slices.map { ($0["args"] as? [String: Int])?["reductions"] ?? -1 }
    #expect(reductions == trace.slices.map { Int($0.reductions) })
    let byThread = Dictionary(grouping: zip(slices, file.nanoseconds(slices))) { $0.0["tid"] as? Int }
    for (_, slices) in byThread {
      let sorted = slices.map(\.1).sorted { $0[0] < $1[0] }
      #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0[0] + $0[1] <= $1[0] })
    }
  }

  @Test("O1: Chrome's JSON has schedulers in process 1 and processes in process 2, named and in order")
  func threads() throws {
    var generator = TraceGenerator(seed: 2, schedulers: 3, processes: 6)
    let trace = generator.trace(turns: 100)
    let file = try ChromeFile(trace)
    let names = file.metadata("thread_name")
    #expect(names.map { $0["pid"] as? Int } == trace.tracks.map { $0.kind == .scheduler ? 1 : 2 })
    #expect(names.compactMap { file.argument($0, "name") as? String } == trace.tracks.map(\.name))
    let ranks = file.metadata("thread_sort_index").compactMap { file.argument($0, "sort_index") as? Int }
    #expect(ranks == Array(0..<9))
    let tids = names.compactMap { $0["tid"] as? Int }
    #expect(Set(tids).count == 9)
    let slices = file.events("X").compactMap { $0["tid"] as? Int }
    #expect(slices == trace.slices.map { tids[Int($0.track)] })
    #expect(file.metadata("process_name").count == 2)
  }

  @Test("O1: Chrome's JSON has both ends of each arrow with one number, each within a slice of its thread")
  func flows() throws {
    var generator = TraceGenerator(seed: 3)
    let trace = generator.trace(turns: 400)
    let file = try ChromeFile(trace)
    let starts = file.events("s")
    let ends = file.events("f")
    #expect(starts.count == trace.flows.count)
    #expect(starts.compactMap { $0["id"] as? Int } == ends.compactMap { $0["id"] as? Int })
    #expect(Set(starts.compactMap { $0["id"] as? Int }).count == trace.flows.count)
    #expect(ends.allSatisfy { $0["bp"] as? String == "e" })
    #expect(file.nanoseconds(starts).map { $0[0] } == trace.flows.map { $0.start - TraceGenerator.origin })
    #expect(file.nanoseconds(ends).map { $0[0] } == trace.flows.map { $0.end - TraceGenerator.origin })
    let slices = Dictionary(grouping: file.events("X")) { $0["tid"] as? Int }.mapValues(file.nanoseconds)
    for event in starts + ends {
      let time = file.nanoseconds([event])[0][0]
      let own = slices[event["tid"] as? Int] ?? []
      #expect(own.contains { $0[0] <= time && time <= $0[0] + $0[1] })
    }
  }

  @Test("O1: Chrome's JSON has marks with their values, and counters named by their scheduler")
  func instantsAndCounters() throws {
    var generator = TraceGenerator(seed: 4)
    let trace = generator.trace(turns: 100)
    let file = try ChromeFile(trace)
    let instants = file.events("i")
    #expect(instants.map { file.argument($0, "value") as? Int } == trace.instants.map { $0.value.map(Int.init) })
    #expect(instants.allSatisfy { $0["s"] as? String == "t" })
    let counters = file.events("C")
    #expect(counters.compactMap { file.argument($0, "value") as? Int } == trace.counters.map { Int($0.value) })
    let names = trace.counters.map { "\(trace.tracks[Int($0.track)].name): run queue" }
    #expect(counters.compactMap { $0["name"] as? String } == names)
  }

  @Test("O1: names with quotes, backslashes, line breaks and control characters arrive unchanged in Chrome's JSON")
  func names() throws {
    let name = "\"a\\b\"\n\t\u{0}\u{1F}\u{7F}\u{85}\u{2028}é🦫</script>"
    var trace = ExecutionTrace(programName: name, pid: 1)
    trace.strings = [name, "category \(name)"]
    trace.tracks = [.init(kind: .process, number: 1, name: name)]
    trace.slices = [.init(track: 0, name: 0, category: 1, start: 0, end: 1)]
    let file = try ChromeFile(trace)
    let slice = try #require(file.events("X").first)
    #expect(slice["name"] as? String == name)
    #expect(slice["cat"] as? String == "category \(name)")
    let threadName = try #require(file.metadata("thread_name").first)
    #expect(file.argument(threadName, "name") as? String == name)
    #expect((file.object["otherData"] as? [String: Any])?["program"] as? String == name)
  }

  @Test("O1: in Chrome's JSON processes beyond 5,000 share a thread by name, with asynchronous slices if they overlap")
  func manyProcesses() throws {
    var trace = ExecutionTrace(programName: "many", pid: 1)
    trace.strings = ["running", "state", "send"]
    for index in 0..<5_004 {
      let name = index < 5_002 ? "Worker #\(index).1" : "Till #\(index).1"
      trace.tracks.append(.init(kind: .process, number: UInt64(index), name: name))
      // The two last workers overlap; the two tills run one after the other.
      let start = Int64(index < 5_002 ? 1_000 : 1_000 * index)
      trace.slices.append(.init(track: Int32(index), name: 0, category: 1, start: start, end: start + 500))
    }
    trace.flows = [
      .init(name: 2, from: 0, to: 1, start: 1_001, end: 1_002),
      .init(name: 2, from: 0, to: 5_000, start: 1_001, end: 1_002),
    ]
    let file = try ChromeFile(trace)
    #expect(file.metadata("thread_name").count == 5_002)
    let shared = file.metadata("thread_name").suffix(2).compactMap { file.argument($0, "name") as? String }
    #expect(shared == ["Worker (further processes)", "Till (further processes)"])
    #expect(file.events("X").count == 5_002)
    let begins = file.events("b")
    #expect(begins.compactMap { $0["id"] as? String } == ["0x1388", "0x1389"])
    #expect(file.events("e").compactMap { $0["id"] as? String } == ["0x1388", "0x1389"])
    #expect(Set(begins.compactMap { $0["tid"] as? Int }).count == 1)
    // An arrow to an asynchronous slice cannot be drawn, so neither of its ends is there.
    #expect(file.events("s").count == 1)
    #expect(file.events("f").count == 1)
  }

  @Test("O1: Chrome's JSON comes in chunks of about 64 KiB, and an empty trace is a valid file")
  func chunks() throws {
    var generator = TraceGenerator(seed: 5)
    let trace = generator.trace(turns: 2_000)
    let collected = try Collected(trace.writeChromeJSON)
    #expect(collected.chunks.dropLast().allSatisfy { $0 >= 65_536 && $0 < 70_000 })
    #expect(collected.chunks.count > 5)
    #expect(try ChromeFile(ExecutionTrace(programName: "none", pid: 1)).events("X").isEmpty)
  }
}

/// A file in Chrome's format, as `JSONSerialization` reads it.
private struct ChromeFile {
  let object: [String: Any]
  let events: [[String: Any]]

  init(_ trace: ExecutionTrace) throws {
    let parsed = try JSONSerialization.jsonObject(with: Data(Collected(trace.writeChromeJSON).bytes))
    object = try #require(parsed as? [String: Any])
    events = try #require(object["traceEvents"] as? [[String: Any]])
  }

  /// Returns the events of a phase.
  func events(_ phase: String) -> [[String: Any]] { events.filter { $0["ph"] as? String == phase } }

  /// Returns the metadata events of that name.
  func metadata(_ name: String) -> [[String: Any]] { events("M").filter { $0["name"] as? String == name } }

  func argument(_ event: [String: Any], _ key: String) -> Any? { (event["args"] as? [String: Any])?[key] }

  /// Returns time and duration of events in nanoseconds; a missing duration is 0.
  func nanoseconds(_ events: [[String: Any]]) -> [[Int64]] {
    events.map { event in
      ["ts", "dur"].map { Int64(((event[$0] as? NSNumber)?.doubleValue ?? 0) * 1_000 + 0.5) }
    }
  }
}
