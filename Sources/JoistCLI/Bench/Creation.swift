// SPDX-License-Identifier: Apache-2.0
//
// Scenarios about spawning: empty processes that end at once, and processes that wait.

import Joist

extension Scenario {
  /// Empty processes, spawned in batches; all processes of a batch are alive at once.
  static let spawn = Scenario(
    name: "spawn",
    about: "ns per process: spawn BATCH empty processes, wait for all, repeat",
    parameters: [Parameter("processes", 1...1_000_000_000), Parameter("batch", 1...10_000_000)],
    figures: [Figure("ns", "ns", "per process")],
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

  /// Empty processes, spawned one after the other.
  static let spawnSeq = Scenario(
    name: "spawn_seq",
    about: "ns per process: spawn an empty process, wait for it, repeat",
    parameters: [Parameter("processes", 1...1_000_000_000)],
    figures: [Figure("ns", "ns", "per process")],
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

  /// Empty processes, each with a monitor, spawned in batches.
  static let links = Scenario(
    name: "links",
    about: "ns per empty process with a monitor, including its Down message",
    parameters: [Parameter("processes", 1...1_000_000_000), Parameter("batch", 1...10_000_000)],
    figures: [Figure("ns", "ns", "per process")],
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

  /// Processes that wait in `receive`.
  static let memory = Scenario(
    name: "memory",
    about: "bytes, and ns to spawn it, per process that waits in receive",
    parameters: [Parameter("processes", 1_000...16_000_000, .multiple(of: 1_000))],
    figures: [
      Figure("bytes", "B", "per waiting process"),
      Figure("ns", "ns", "to spawn it and run it to its receive"),
      Figure("record", "B", "of its memory: its record"),
      Figure("stack", "B", "its stack frames"),
      Figure("heap", "B", "its private heap"),
      Figure("mailbox", "B", "its messages"),
      Figure("own", "B", "everything else it owns"),
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
      // Wakes a thousand of them, to show that they can be woken.
      try wake(refs.prefix(1_000), main)
      let each = Double(after - before) / Double(count)
      return Outcome(parts.merging(["bytes": each, "ns": time.nanoseconds / Double(count)]) { $1 })
    }
  }
}

extension Scenario {
  /// The memory of the program before, during and after the lives of many waiting processes.
  static let memoryBack = Scenario(
    name: "memory_back",
    about: "MB of resident memory before and while PROCESSES wait, and 3 s after",
    parameters: [Parameter("processes", 1_000...16_000_000, .multiple(of: 1_000))],
    figures: [
      Figure("before", "MB", "resident before the processes exist"),
      Figure("peak", "MB", "resident while they wait"),
      Figure("after", "MB", "resident three seconds after they have ended"),
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

/// Returns the memory that processes report for themselves, averaged over every hundredth process.
private func averageMemory(_ refs: [ProcessRef<Int>]) -> [String: Double] {
  let some = stride(from: 0, to: refs.count, by: 100).compactMap { refs[$0].snapshot?.memory }
  func average(_ part: KeyPath<ProcessMemory, Int>) -> Double {
    Double(some.reduce(0) { $0 + $1[keyPath: part] }) / Double(max(1, some.count))
  }
  return [
    "record": average(\.record), "stack": average(\.stack), "heap": average(\.heap),
    "mailbox": average(\.mailbox), "own": average(\.other),
  ]
}

/// Spawns `count` empty processes and waits until each has sent its message.
private func spawnAndJoin(_ main: ProcessContext<Void>, _ count: Int) throws {
  let done = main.ref
  for _ in 0..<count { main.spawn { _ in done.send(()) } }
  try main.take(count)
}

/// Spawns processes a thousand at a time, and returns when each waits in its `receive`.
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

/// Wakes the processes one after the other, and waits for each one's reply.
private func wake(_ refs: some Sequence<ProcessRef<Int>>, _ main: ProcessContext<Void>) throws {
  for ref in refs {
    ref.send(1)
    try main.receive()
  }
}
