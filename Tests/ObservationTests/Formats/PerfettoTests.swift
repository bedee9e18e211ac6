// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import Testing

/// Tests of the trace in Perfetto's format, read field by field and with Perfetto's own definitions.
struct PerfettoTests {
  @Test("O1: the Perfetto file has each slice with its begin and end, name, category and reductions")
  func slices() throws {
    var generator = TraceGenerator(seed: 11)
    let trace = generator.trace(turns: 400)
    let file = try PerfettoFile(Collected(trace.writePerfetto).bytes)
    let found = file.slices.map { slice in
      "\(file.tracks[slice.track]?.name ?? "?") \(slice.name) \(slice.category) \(slice.start) \(slice.end) "
        + "\(slice.annotations["reductions"] ?? -1)"
    }
    let expected = trace.slices.map { slice in
      "\(trace.tracks[Int(slice.track)].name) \(trace.strings[Int(slice.name)]) "
        + "\(trace.strings[Int(slice.category)]) \(slice.start) \(slice.end) \(slice.reductions)"
    }
    #expect(found.sorted() == expected.sorted())
  }

  @Test("O1: the packets of the Perfetto file are in order of time, and an end is before the next begin")
  func order() throws {
    var generator = TraceGenerator(seed: 12)
    let file = try PerfettoFile(Collected(generator.trace(turns: 400).writePerfetto).bytes)
    #expect(file.times == file.times.sorted())
    // `PerfettoFile` closes the slice that was opened last: a wrong order at equal times shows as overlapping slices.
    for (_, slices) in Dictionary(grouping: file.slices, by: \.track) {
      let sorted = slices.sorted { ($0.start, $0.end) < ($1.start, $1.end) }
      #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.end <= $1.start })
    }
  }

  @Test("O1: the Perfetto file has the program, its schedulers as threads, and its processes below a group")
  func tracks() throws {
    var generator = TraceGenerator(seed: 13, schedulers: 3, processes: 9)
    let trace = generator.trace(turns: 200)
    let file = try PerfettoFile(Collected(trace.writePerfetto).bytes)
    let program = try #require(file.tracks.first { $0.value.name == trace.programName })
    #expect(program.value.pid == 4_711)
    let group = try #require(file.tracks.first { $0.value.name == "processes" })
    #expect(group.value.parent == program.key)
    for track in trace.tracks {
      let found = try #require(file.tracks.values.first { $0.name == track.name })
      #expect(found.parent == (track.kind == .scheduler ? program.key : group.key))
      #expect(found.pid == (track.kind == .scheduler ? 4_711 : nil))
      #expect(found.isApart == (track.kind == .process))
    }
    let tids = file.tracks.values.compactMap(\.tid)
    #expect(tids.count == 3 && Set(tids).count == 3 && !tids.contains(4_711))
  }

  @Test("O1: the tracks of a program have the same identities in each Perfetto file, and no two share one")
  func identities() throws {
    var first = TraceGenerator(seed: 14)
    var second = TraceGenerator(seed: 15)
    let one = try PerfettoFile(Collected(first.trace(turns: 300).writePerfetto).bytes).tracks
    let other = try PerfettoFile(Collected(second.trace(turns: 300).writePerfetto).bytes).tracks
    #expect(one == other)
    #expect(one.count == 30)
  }

  @Test("O1: an arrow of the Perfetto file begins and ends at its moments and on its tracks")
  func flows() throws {
    var generator = TraceGenerator(seed: 16)
    let trace = generator.trace(turns: 400)
    let file = try PerfettoFile(Collected(trace.writePerfetto).bytes)
    #expect(Set(file.flowStarts.keys) == Set(file.flowEnds.keys))
    #expect(file.flowStarts.count == trace.flows.count)
    let found = file.flowStarts.map { flow, start in
      let end = file.flowEnds[flow]
      return "\(file.tracks[start.track]?.name ?? "?") \(start.time) "
        + "\(end.flatMap { file.tracks[$0.track]?.name } ?? "?") \(end?.time ?? 0)"
    }
    let expected = trace.flows.map { flow in
      "\(trace.tracks[Int(flow.from)].name) \(flow.start) \(trace.tracks[Int(flow.to)].name) \(flow.end)"
    }
    #expect(found.sorted() == expected.sorted())
  }

  @Test("O1: an arrow attaches to the slice or mark at its moment, and becomes a mark of its name where there is none")
  func attachedFlows() throws {
    var trace = ExecutionTrace(programName: "shop", pid: 1)
    trace.strings = ["running", "state", "sent", "send"]
    trace.tracks = (0..<2).map { .init(kind: .process, number: $0, name: "p\($0)") }
    trace.slices = [
      .init(track: 0, name: 0, category: 1, start: 10, end: 50),
      .init(track: 1, name: 0, category: 1, start: 40, end: 60),
    ]
    trace.instants = [.init(track: 0, name: 2, category: 1, time: 20)]
    trace.flows = [
      .init(name: 3, from: 0, to: 1, start: 20, end: 40), .init(name: 3, from: 0, to: 1, start: 20, end: 55),
    ]
    let file = try PerfettoFile(Collected(trace.writePerfetto).bytes)
    #expect(file.flowStarts.values.map(\.name) == ["sent", "sent"])
    #expect(Set(file.flowEnds.values.map { "\($0.name) \($0.time)" }) == ["running 40", "send 55"])
    #expect(file.instants.map(\.name) == ["sent", "send"])
  }

  @Test("O1: of several arrows at one moment each attaches to an event of its own track, and only once")
  func simultaneousFlows() throws {
    var trace = ExecutionTrace(programName: "shop", pid: 1)
    trace.strings = ["sent by 1", "sent by 2", "state", "send"]
    trace.tracks = (0..<4).map { .init(kind: .process, number: $0, name: "p\($0)") }
    // Track 0 has no event at the moment; track 1 has two.
    trace.instants = [(1, 0), (2, 1), (1, 0)].map { .init(track: $0.0, name: $0.1, category: 2, time: 20) }
    trace.flows = (0..<3).map { .init(name: 3, from: $0, to: 3, start: 20, end: 30) }
    let file = try PerfettoFile(Collected(trace.writePerfetto).bytes)
    let starts = file.flowStarts.values.map { "\(file.tracks[$0.track]?.name ?? "?") \($0.name)" }
    #expect(starts.sorted() == ["p0 send", "p1 sent by 1", "p2 sent by 2"])
    #expect(file.flowEnds.values.map(\.name) == ["send", "send", "send"])
    #expect(file.instants.map(\.name) == ["sent by 1", "sent by 2", "sent by 1", "send", "send", "send", "send"])
  }

  @Test("O1: the Perfetto file has marks with their values, and counters below their schedulers")
  func instantsAndCounters() throws {
    var generator = TraceGenerator(seed: 17)
    var trace = generator.trace(turns: 200)
    trace.counters[0].value = -9
    let file = try PerfettoFile(Collected(trace.writePerfetto).bytes)
    let marks = file.instants.filter { $0.name == "mark" }
    #expect(marks.map(\.value) == trace.instants.map(\.value))
    #expect(file.counters.map(\.value) == trace.counters.map(\.value))
    #expect(file.counters.allSatisfy { file.tracks[$0.track]?.name == "run queue" })
    let owners = file.counters.map { counter in
      file.tracks[counter.track]?.parent.flatMap { file.tracks[$0]?.name }
    }
    #expect(owners == trace.counters.map { trace.tracks[Int($0.track)].name })
  }

  @Test("O1: arrows at one moment do not make the Perfetto file slow, and slices without length have both events")
  func oneMoment() throws {
    var trace = ExecutionTrace(programName: "frozen", pid: 1)
    trace.strings = ["running", "state", "sent", "send"]
    trace.tracks = (0..<2).map { .init(kind: .process, number: $0, name: "p\($0)") }
    let count = 20_000
    for _ in 0..<count {
      for track in Int32(0)...1 {
        trace.slices.append(.init(track: track, name: 0, category: 1, start: 5, end: 5))
        trace.instants.append(.init(track: track, name: 2, category: 1, time: 5))
      }
      trace.flows.append(.init(name: 3, from: 0, to: 1, start: 5, end: 5))
    }
    var size = 0
    let time = ContinuousClock().measure { trace.writePerfetto { size += $0.count } }
    #expect(size > 40_000)
    // In proportion to the square of the events it would take minutes.
    #expect(time < .seconds(20))
  }

  @Test("O1: in the Perfetto file processes beyond 5,000 may be drawn with others of their name")
  func manyProcesses() throws {
    var trace = ExecutionTrace(programName: "many", pid: 1)
    trace.strings = ["running", "state"]
    for index in 0..<5_003 {
      trace.tracks.append(.init(kind: .process, number: UInt64(index), name: "Worker #\(index).1"))
      trace.slices.append(.init(track: Int32(index), name: 0, category: 1, start: 1, end: 2))
    }
    let file = try PerfettoFile(Collected(trace.writePerfetto).bytes)
    #expect(file.slices.count == 5_003)
    #expect(file.tracks.values.filter(\.isApart).count == 5_000)
    #expect(file.tracks.values.filter { $0.name == "Worker (further processes)" }.count == 3)
  }

  @Test("O1: Perfetto's own definitions read the file", .enabled(if: Tool.pythonHas("perfetto")))
  func ownDefinitions() throws {
    var generator = TraceGenerator(seed: 18)
    let trace = generator.trace(turns: 300)
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/trace.pftrace"
    try OutputFile.write(to: path) { try trace.writePerfetto($0) }
    let output = try #require(Tool.run(["python3", Tool.script("perfetto-read"), path]))
    let parsed = try JSONSerialization.jsonObject(with: output)
    let summary = try #require(parsed as? [String: Any])
    #expect(summary["unknownFields"] as? Int == 0)
    #expect(summary["disorder"] as? Int == 0)
    #expect(summary["misnested"] as? Int == 0)
    #expect(summary["flows"] as? Int == trace.flows.count)
    #expect(summary["unmatchedFlows"] as? Int == 0)
    #expect(summary["clock"] as? Int == 3)
    #expect(summary["startsSequence"] as? Bool == true)
    let nanoseconds = try #require(summary["nanoseconds"] as? [String: Int])
    let expected = Dictionary(trace.slices.map { ($0.track, Int($0.end - $0.start)) }, uniquingKeysWith: +)
    #expect(nanoseconds.values.sorted() == expected.values.sorted())
    let annotations = try #require(summary["annotations"] as? [String: Int])
    #expect(annotations["1"] == trace.slices.filter { $0.reductions > 0 }.reduce(0) { $0 + Int($1.reductions) })
  }
}
