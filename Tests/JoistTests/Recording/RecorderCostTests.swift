// SPDX-License-Identifier: Apache-2.0
//
// What the flight recorder costs: the same work in a runtime with a recorder and in one without, in turns. Each is the
// least of many short rounds, so that other programs do not decide. The demand, 1 % on average and 3 % at worst, is
// measured with `joist bench --no-recorder` on a quiet machine; the bound here leaves room for one that is not.

import Foundation
import Joist
import TestSupport
import Testing

/// Work of one process whose time is measured.
enum RecordedWork: String, CaseIterable, Sendable {
  case yield, pingPong, ring, spawn

  /// Does `count` hops.
  fileprivate func run(_ process: ProcessContext<Int>, _ count: Int) throws {
    switch self {
    case .yield:
      let other = process.spawn(Int.self) { other in while true { try other.yield() } }
      for _ in 0..<count / 2 { try process.yield() }
      other.exit()
    case .pingPong: try pass(around: 2, process, count)
    case .ring: try pass(around: 100, process, count)
    case .spawn:
      for _ in 0..<count / 4 {
        process.spawn { _ in }
        try process.yield()
      }
    }
  }

  /// Passes a token around a ring of processes, of which this one is a part.
  private func pass(around size: Int, _ process: ProcessContext<Int>, _ count: Int) throws {
    var next = process.ref
    var others: [ProcessRef<Int>] = []
    for _ in 1..<size {
      let target = next
      next = process.spawn(Int.self) { other in while true { target.send(try other.receive()) } }
      others.append(next)
    }
    for _ in 0..<count / size {
      next.send(1)
      _ = try process.receive()
    }
    for other in others { other.exit() }
  }
}

@Suite(.serialized, .enabled(if: isOptimized)) struct RecorderCostTests {
  private static let rounds = 60
  private static let count = 4_000

  /// Adds the nanoseconds of each round of the work to the log, with a recorder or without.
  private func measure(_ work: RecordedWork, _ entries: Int, _ times: Log<Double>) throws {
    _ = try withRuntime(.init(schedulers: 1, recorderEntries: entries)) { runtime in
      runtime.spawn(Int.self) { process in
        for _ in 0..<Self.rounds {
          let began = ContinuousClock.now
          try work.run(process, Self.count)
          times.add((ContinuousClock.now - began) / .nanoseconds(1))
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(15)), arguments: RecordedWork.allCases)
  func `O1: the recorder adds little to the time of yields, messages, rings and spawns`(_ work: RecordedWork) throws {
    let (with, without) = (Log<Double>(), Log<Double>())
    var ratio = Double.infinity
    // On a busy machine a series may have no round that nothing else has slowed down.
    for series in 1...40 where series <= 5 || ratio >= 1.15 {
      try measure(work, 0, without)
      try measure(work, 16_384, with)
      ratio = with.entries.min()! / without.entries.min()!
    }
    #expect(ratio < 1.15, "\(ratio)")
  }
}
