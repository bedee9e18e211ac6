// SPDX-License-Identifier: Apache-2.0
//
// Every run there is, one after the other, with at most so many interruptions of a thread that could have gone on. It
// is a search in depth: a run repeats the one before it up to the last place where something is left to try.
//
// After M. Musuvathi and S. Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs",
// 2007.

/// All runs within a bound.
struct ExhaustiveStrategy: SchedulingStrategy {
  private let search: ExhaustiveSearch

  init(_ search: ExhaustiveSearch) { self.search = search }

  func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int {
    search.next(threads.count + faults, firstIsFree: continues)
  }
  func draw(_ count: Int) -> Int { search.next(count, firstIsFree: true) }
}

/// Where the search is; outlives its runs.
final class ExhaustiveSearch {
  private struct ChoicePoint {
    var choice: Int
    let count: Int
    /// Choices other than the first are interruptions.
    let firstIsFree: Bool
    var cost: Int { firstIsFree && choice > 0 ? 1 : 0 }
  }

  private let interruptions: Int
  private var places: [ChoicePoint] = []
  private var depth = 0

  init(interruptions: Int) { self.interruptions = interruptions }

  /// Does a run after the other until one fails, none is left, or so many are done.
  ///
  /// What failed, how many runs were done, and whether those were all.
  func run<Failure>(atMost most: Int, _ body: () -> Failure?) -> (failure: Failure?, runs: Int, isComplete: Bool) {
    for runs in 1...max(1, most) {
      if let failure = body() { return (failure, runs, false) }
      if !advance() { return (nil, runs, true) }
    }
    return (nil, most, false)
  }

  fileprivate func next(_ count: Int, firstIsFree: Bool) -> Int {
    if depth == places.count { places.append(ChoicePoint(choice: 0, count: count, firstIsFree: firstIsFree)) }
    defer { depth += 1 }
    return min(places[depth].choice, count - 1)
  }

  /// Goes to the next run; false when there is none.
  private func advance() -> Bool {
    places.removeLast(places.count - depth)
    depth = 0
    while var place = places.popLast() {
      let before = places.reduce(0) { $0 + $1.cost }
      place.choice += 1
      if place.choice < place.count && before + place.cost <= interruptions {
        places.append(place)
        return true
      }
    }
    return false
  }
}
