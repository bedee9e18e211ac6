// SPDX-License-Identifier: Apache-2.0
//
// Makes all possible runs, one after another, with at most a given number of interruptions of a thread that could have
// run on. It is a depth-first search: a run repeats the previous one up to the last choice that has an untried option.
//
// After M. Musuvathi and S. Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs",
// 2007.

/// Makes the choices of one run of an exhaustive search.
struct ExhaustiveStrategy: SchedulingStrategy {
  private let search: ExhaustiveSearch

  init(_ search: ExhaustiveSearch) { self.search = search }

  func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int {
    search.next(threads.count + faults, firstIsFree: continues)
  }
  func draw(_ count: Int) -> Int { search.next(count, firstIsFree: true) }
}

/// The state of an exhaustive search, which lasts for all its runs.
final class ExhaustiveSearch {
  private struct ChoicePoint {
    var choice: Int
    let count: Int
    /// Whether option 0 lets a thread run on, so that every other option is an interruption.
    let firstIsFree: Bool
    var cost: Int { firstIsFree && choice > 0 ? 1 : 0 }
  }

  private let interruptions: Int
  private var points: [ChoicePoint] = []
  private var depth = 0

  init(interruptions: Int) { self.interruptions = interruptions }

  /// Makes runs until one fails, none is left, or the limit is reached.
  ///
  /// Returns the failure, the number of runs, and whether these were all.
  func run<Failure>(atMost limit: Int, _ body: () -> Failure?) -> (failure: Failure?, runs: Int, isComplete: Bool) {
    for runs in 1...max(1, limit) {
      if let failure = body() { return (failure, runs, false) }
      if !advance() { return (nil, runs, true) }
    }
    return (nil, limit, false)
  }

  fileprivate func next(_ count: Int, firstIsFree: Bool) -> Int {
    if depth == points.count { points.append(ChoicePoint(choice: 0, count: count, firstIsFree: firstIsFree)) }
    defer { depth += 1 }
    return min(points[depth].choice, count - 1)
  }

  /// Prepares the next run; returns false if there is none.
  private func advance() -> Bool {
    points.removeLast(points.count - depth)
    depth = 0
    while var point = points.popLast() {
      let costBefore = points.reduce(0) { $0 + $1.cost }
      point.choice += 1
      if point.choice < point.count && costBefore + point.cost <= interruptions {
        points.append(point)
        return true
      }
    }
    return false
  }
}
