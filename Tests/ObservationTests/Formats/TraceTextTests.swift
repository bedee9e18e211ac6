// SPDX-License-Identifier: Apache-2.0

import JoistObservation
import Testing

/// Tests of the trace as text.
struct TraceTextTests {
  @Test("O1: a trace as text has a line for each event, in order of time and in aligned columns")
  func columns() throws {
    var trace = ExecutionTrace(programName: "shop", pid: 42)
    trace.strings = ["running", "state", "mark", "user", "send", "run queue"]
    trace.tracks = [
      .init(kind: .scheduler, number: 0, name: "scheduler 0"), .init(kind: .process, number: 7, name: "Till #7.1"),
      .init(kind: .process, number: 8, name: "Basket #8.1"),
    ]
    trace.slices = [
      .init(track: 1, name: 0, category: 1, start: 1_000_000_500, end: 1_000_002_000, reductions: 12),
      .init(track: 2, name: 0, category: 1, start: 3_500_000_000, end: 3_500_000_001),
    ]
    trace.instants = [.init(track: 1, name: 2, category: 3, time: 1_000_000_700, value: -5)]
    trace.flows = [.init(name: 4, from: 1, to: 2, start: 1_000_000_600, end: 3_500_000_000)]
    trace.counters = [.init(track: 0, name: 5, time: 1_000_000_500, value: 3)]
    let text = try Collected(trace.writeText).text
    #expect(
      text == """
        # shop, pid 42: 5 events; time 0 is 1000000500 ns on the runtime's clock
        # time in s       track        event      details
             0.000000000  Till #7.1    running    ns=1500 reductions=12 category=state
             0.000000000  scheduler 0  run queue  count=3
             0.000000100  Till #7.1    send       after_ns=2499999400 to=Basket #8.1
             0.000000200  Till #7.1    mark       value=-5 category=user
             2.499999500  Basket #8.1  running    ns=1 category=state

        """
    )
  }

  @Test("O1: a name with line breaks stays in its line of text, and a long one is not cut")
  func names() throws {
    let long = String(repeating: "x", count: 50)
    var trace = ExecutionTrace(programName: "a\nb", pid: 1)
    trace.strings = ["one\ntwo\u{1B}", "state"]
    trace.tracks = [.init(kind: .process, number: 1, name: long)]
    trace.slices = [.init(track: 0, name: 0, category: 1, start: 10_000_000_000_000, end: 10_000_000_000_001)]
    let lines = try Collected(trace.writeText).text.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[2] == "     0.000000000  \(long)  one two   ns=1 category=state")
  }

  @Test("O1: the same trace gives the same text, in chunks of about 64 KiB")
  func stable() throws {
    var first = TraceGenerator(seed: 6)
    var second = TraceGenerator(seed: 6)
    let one = try Collected(first.trace(turns: 1_000).writeText)
    let other = try Collected(second.trace(turns: 1_000).writeText)
    #expect(one.bytes == other.bytes)
    #expect(one.chunks.dropLast().allSatisfy { $0 >= 65_536 && $0 < 70_000 })
    #expect(one.chunks.count > 2)
  }
}
