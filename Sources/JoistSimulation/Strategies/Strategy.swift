// SPDX-License-Identifier: Apache-2.0
//
// The strategies that choose what happens next in a run, and the decider that records their choices.

/// Chooses what happens next in a run.
protocol SchedulingStrategy {
  /// Returns the index of a thread, or of one of `faults` possible faults, whose indices follow those of the threads.
  ///
  /// If `continues` is true, the first thread is the one that ran last.
  mutating func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int
  /// Returns an index below `count`; index 0 is the ordinary option.
  mutating func draw(_ count: Int) -> Int
}

/// The way in which a simulated run chooses among threads and faults.
public enum Strategy: Sendable, Hashable {
  /// At each schedule point, random numbers decide whether another thread runs, and which.
  ///
  /// The seed determines how often a run switches.
  case random
  /// Probabilistic concurrency testing: threads have random priorities, and at `depth - 1` random steps the running
  /// thread gets the lowest priority.
  ///
  /// It finds a bug that needs `depth` ordering constraints with a probability that has a known lower bound.
  /// After S. Burckhardt and others, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", 2010.
  case pct(depth: Int)
  /// Repeats the choices of an earlier run, and makes the ordinary choice after their end.
  case replay(Schedule)

  func make(_ seed: UInt64) -> any SchedulingStrategy {
    switch self {
    case .random: RandomStrategy(seed)
    case .pct(let depth): PriorityStrategy(seed, depth: depth)
    case .replay(let schedule): ReplayStrategy(schedule)
    }
  }
}

/// Asks a strategy and records its choices.
struct Decider {
  private var strategy: any SchedulingStrategy
  private(set) var schedule = Schedule()
  /// The duration of a step on the simulated clock.
  let stepNanoseconds: Int

  init(_ strategy: any SchedulingStrategy, stepNanoseconds: Int = 100) {
    self.strategy = strategy
    self.stepNanoseconds = stepNanoseconds
    schedule.choices.reserveCapacity(1_000)
  }

  mutating func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int {
    let count = threads.count + faults
    if count == 1 { return 0 }
    let choice = strategy.choose(threads, continues: continues, faults: faults)
    schedule.choices.append(UInt16(choice))
    return choice
  }

  mutating func draw(_ count: Int) -> Int {
    if count == 1 { return 0 }
    let choice = strategy.draw(count)
    schedule.choices.append(UInt16(choice))
    return choice
  }
}
