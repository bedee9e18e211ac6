// SPDX-License-Identifier: Apache-2.0
//
// Makes traces as a runtime would record them, from a seed: schedulers that run processes in turn, processes that wait
// and run, messages between them, marks, and the lengths of the run queues.

import JoistObservation

/// A generator of numbers that gives the same ones for the same seed.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

/// A made-up run of a program.
struct TraceGenerator {
  /// The time at which the trace begins.
  static let origin: Int64 = 5_000_000_000

  let schedulers: Int
  let processes: Int
  private var numbers: SeededNumbers
  private var trace = ExecutionTrace(programName: "shop \"one\"", pid: 4_711)
  private var clocks: [Int64]
  private var waitingSince: [Int64]
  private var unreceived: [[(from: Int32, time: Int64)]]

  private enum Name {
    static let running: Int32 = 0
    static let waiting: Int32 = 1
    static let send: Int32 = 2
    static let mark: Int32 = 3
    static let queue: Int32 = 4
    static let run: Int32 = 5
    static let state: Int32 = 6
    static let user: Int32 = 7
    static let firstProcess: Int32 = 8
  }

  init(seed: UInt64, schedulers: Int = 4, processes: Int = 20) {
    self.schedulers = schedulers
    self.processes = processes
    numbers = SeededNumbers(seed: seed)
    clocks = Array(repeating: Self.origin, count: schedulers)
    waitingSince = Array(repeating: Self.origin, count: processes)
    unreceived = Array(repeating: [], count: processes)
    trace.strings = ["running", "waiting", "send", "mark", "run queue", "run", "state", "user"]
    for index in 0..<schedulers {
      trace.tracks.append(.init(kind: .scheduler, number: UInt64(index), name: "scheduler \(index)"))
    }
    for index in 0..<processes {
      let name = "\(["Counter", "Basket", "Till"][index % 3]) #\(index).1"
      trace.tracks.append(.init(kind: .process, number: UInt64(index) << 32 | 1, name: name))
      trace.strings.append(name)
    }
  }

  /// Returns a trace with that number of turns, each of which makes about six events.
  mutating func trace(turns: Int) -> ExecutionTrace {
    for turn in 0..<turns { take(turn) }
    trace.slices.sort { ($0.start, $0.end) < ($1.start, $1.end) }
    trace.flows.sort { $0.start < $1.start }
    trace.instants.sort { $0.time < $1.time }
    trace.counters.sort { $0.time < $1.time }
    return trace
  }

  /// Lets a scheduler run one of its processes.
  private mutating func take(_ turn: Int) {
    let scheduler = turn % schedulers
    let count = (processes - scheduler + schedulers - 1) / schedulers
    let process = scheduler + schedulers * Int.random(in: 0..<count, using: &numbers)
    let start = clocks[scheduler] + Int64.random(in: 0...900, using: &numbers)
    let end = start + Int64.random(in: 100...50_000, using: &numbers)
    let track = Int32(schedulers + process)
    let name = Name.firstProcess + Int32(process)
    trace.slices.append(.init(track: Int32(scheduler), name: name, category: Name.run, start: start, end: end))
    if start > waitingSince[process] {
      let since = waitingSince[process]
      trace.slices.append(.init(track: track, name: Name.waiting, category: Name.state, start: since, end: start))
    }
    let reductions = Int32.random(in: 1...4_000, using: &numbers)
    trace.slices.append(
      .init(track: track, name: Name.running, category: Name.state, start: start, end: end, reductions: reductions)
    )
    for message in unreceived[process] {
      trace.flows.append(.init(name: Name.send, from: message.from, to: track, start: message.time, end: start))
    }
    unreceived[process] = []
    send(from: track, start..<end)
    if turn % 3 == 0 {
      let value = turn % 2 == 0 ? Int64(turn) : nil
      trace.instants.append(
        .init(track: track, name: Name.mark, category: Name.user, time: (start + end) / 2, value: value)
      )
    }
    let length = Int64.random(in: 0...40, using: &numbers)
    trace.counters.append(.init(track: Int32(scheduler), name: Name.queue, time: start, value: length))
    waitingSince[process] = end
    clocks[scheduler] = end
  }

  /// Sends a message to a process of the same scheduler, which receives it when it runs next.
  private mutating func send(from track: Int32, _ times: Range<Int64>) {
    let own = Int(track) - schedulers
    let other = (own + schedulers) % processes
    unreceived[other].append((track, Int64.random(in: times, using: &numbers)))
  }
}
