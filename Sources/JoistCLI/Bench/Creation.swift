// SPDX-License-Identifier: Apache-2.0
//
// Scenarios about making processes: empty ones that end at once, and ones that wait.

import Joist

extension Scenario {
  /// Batches of empty processes, all of a batch at once.
  static let spawn = Scenario(
    name: "spawn",
    about: "an empty process, made and joined in batches",
    parameters: [Parameter("processes", 1...1_000_000_000), Parameter("batch", 1...10_000_000)],
    figures: [Figure("ns", "ns", "a process")],
    runs: [.one(1_000_000, 1_000), .all(1_000_000, 1_000)]
  ) { trial in
    let (count, batch) = (trial.arguments[0], trial.arguments[1])
    return try trial.inProcess(of: Void.self) { main in
      let each = try nanosecondsEach(count) { count in
        for _ in 0..<(count / batch) { try spawnAndJoin(main, batch) }
      }
      return Outcome(["ns": each])
    }
  }

  /// Empty processes one after the other.
  static let spawnSeq = Scenario(
    name: "spawn_seq",
    about: "the same, one at a time",
    parameters: [Parameter("processes", 1...1_000_000_000)],
    figures: [Figure("ns", "ns", "a process")],
    runs: [.one(500_000), .all(500_000)]
  ) { trial in
    let count = trial.arguments[0]
    return try trial.inProcess(of: Void.self) { main in
      let each = try nanosecondsEach(count) { count in
        for _ in 0..<count { try spawnAndJoin(main, 1) }
      }
      return Outcome(["ns": each])
    }
  }

  /// Batches of empty processes, each monitored.
  static let links = Scenario(
    name: "links",
    about: "an empty process, made with a monitor, and the message of its end",
    parameters: [Parameter("processes", 1...1_000_000_000), Parameter("batch", 1...10_000_000)],
    figures: [Figure("ns", "ns", "a process")],
    runs: [.one(1_000_000, 1_000), .all(1_000_000, 1_000)]
  ) { trial in
    let (count, batch) = (trial.arguments[0], trial.arguments[1])
    return try trial.inProcess(of: Down.self) { main in
      let each = try nanosecondsEach(count) { count in
        for _ in 0..<(count / batch) {
          for _ in 0..<batch { main.spawnMonitored(down: { $0 }) { _ in } }
          for _ in 0..<batch { _ = try main.receive() }
        }
      }
      return Outcome(["ns": each])
    }
  }

  /// Processes that wait for mail.
  static let memory = Scenario(
    name: "memory",
    about: "bytes and time for each process that waits",
    parameters: [Parameter("processes", 1_000...16_000_000, .multiple(of: 1_000))],
    figures: [
      Figure("bytes", "B", "a waiting process"),
      Figure("ns", "ns", "making it"),
      Figure("record", "B", "of that its record"),
      Figure("stack", "B", "its frames"),
      Figure("heap", "B", "its private heap"),
      Figure("mailbox", "B", "its messages"),
      Figure("own", "B", "what else it has"),
    ],
    runs: [.all(100_000), .all(1_000_000)]
  ) { trial in
    let count = trial.arguments[0]
    return try trial.inProcess(of: Void.self) { main in
      try wake(waiters(main, 1_000), main)
      let before = residentBytes()
      let start = ContinuousClock.now
      let refs = try waiters(main, count)
      let time = ContinuousClock.now - start
      let after = residentBytes()
      let parts = averageMemory(refs)
      // A thousand, as proof that they can be woken.
      try wake(refs.prefix(1_000), main)
      let each = Double(after - before) / Double(count)
      return Outcome(parts.merging(["bytes": each, "ns": time.nanoseconds / Double(count)]) { $1 })
    }
  }
}

extension Scenario {
  /// Processes that waited for mail, and are gone.
  static let memoryBack = Scenario(
    name: "memory_back",
    about: "what the program has in memory before many processes wait, meanwhile, and three seconds after their end",
    parameters: [Parameter("processes", 1_000...16_000_000, .multiple(of: 1_000))],
    figures: [
      Figure("before", "MB", "before"),
      Figure("peak", "MB", "while they wait"),
      Figure("after", "MB", "three seconds after they have ended"),
    ],
    runs: [.all(1_000_000)]
  ) { trial in
    @Sendable func megabytes() -> Double { Double(residentBytes()) / 1e6 }
    return try trial.inProcess(of: Void.self) { main in
      try wake(waiters(main, 1_000), main)
      let before = megabytes()
      var refs = try waiters(main, trial.arguments[0])
      let peak = megabytes()
      for ref in refs { ref.send(1) }
      try main.take(refs.count)
      refs = []
      try main.sleep(for: .seconds(3))
      return Outcome(["before": before, "peak": peak, "after": megabytes()])
    }
  }
}

/// What a process takes by its own account, on average over every hundredth.
private func averageMemory(_ refs: [ProcessRef<Int>]) -> [String: Double] {
  let some = stride(from: 0, to: refs.count, by: 100).compactMap { refs[$0].info?.memory }
  func average(_ part: KeyPath<ProcessMemory, Int>) -> Double {
    Double(some.reduce(0) { $0 + $1[keyPath: part] }) / Double(max(1, some.count))
  }
  return [
    "record": average(\.record), "stack": average(\.stack), "heap": average(\.heap),
    "mailbox": average(\.mailbox), "own": average(\.own),
  ]
}

private func spawnAndJoin(_ main: ProcessContext<Void>, _ count: Int) throws {
  let done = main.ref
  for _ in 0..<count { main.spawn { _ in done.send(()) } }
  try main.take(count)
}

/// Makes processes by the thousand, each run up to its receive.
private func waiters(_ main: ProcessContext<Void>, _ count: Int) throws -> [ProcessRef<Int>] {
  let done = main.ref
  var refs: [ProcessRef<Int>] = []
  refs.reserveCapacity(count)
  for _ in 0..<(count / 1_000) {
    for _ in 0..<1_000 {
      let ref = main.spawn(Int.self) { process in
        done.send(())
        _ = try process.receive()
        done.send(())
      }
      refs.append(ref)
    }
    try main.take(1_000)
  }
  return refs
}

private func wake(_ refs: some Sequence<ProcessRef<Int>>, _ main: ProcessContext<Void>) throws {
  for ref in refs {
    ref.send(1)
    try main.receive()
  }
}
