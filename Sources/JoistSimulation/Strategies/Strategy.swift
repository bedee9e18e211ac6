// SPDX-License-Identifier: Apache-2.0
//
// Who chooses what happens next, and what is written down of it.

/// Chooses among what can happen.
protocol SchedulingStrategy {
  /// One of the threads, or of so many faults, which are numbered after them.
  ///
  /// With `continues` the first thread is the one that ran last.
  mutating func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int
  /// One of so many, of which the first is the ordinary one.
  mutating func draw(_ count: Int) -> Int
}

/// What a simulated run is made of.
public enum Strategy: Sendable, Hashable {
  /// At each place chance says whether another thread goes on, and which; how often depends on the seed.
  case random
  /// Probabilistic concurrency testing: threads have priorities that chance gave them, and at `depth - 1` places the
  /// one that runs becomes the least important.
  ///
  /// Finds a fault that needs so many changes with a known probability.
  /// After S. Burckhardt and others, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", 2010.
  case pct(depth: Int)
  /// Chooses as in an earlier run, and the ordinary after its end.
  case replay(Schedule)

  func make(_ seed: UInt64) -> any SchedulingStrategy {
    switch self {
    case .random: RandomStrategy(seed)
    case .pct(let depth): PriorityStrategy(seed, depth: depth)
    case .replay(let schedule): ReplayStrategy(schedule)
    }
  }
}

/// Asks a chooser and writes down what it says.
struct Decider {
  private var strategy: any SchedulingStrategy
  private(set) var schedule = Schedule()
  /// How long a step takes, on the simulated clock.
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
