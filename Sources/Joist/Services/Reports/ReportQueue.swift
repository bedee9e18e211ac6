// SPDX-License-Identifier: Apache-2.0
//
// A few reports, in order, in memory that is had before: nothing is allocated, and nothing destroyed, where the lock of
// `Reports` is held.

/// So many reports at most, oldest first.
struct ReportQueue {
  private var places: [Report?]
  private var first = 0
  private(set) var count = 0

  init(capacity: Int) { places = Array(repeating: nil, count: capacity) }

  var isFull: Bool { count == places.count }

  /// Puts one at the end; false when the queue is full.
  mutating func append(_ report: Report) -> Bool {
    if isFull { return false }
    places[(first + count) % places.count] = report
    count += 1
    return true
  }

  /// Takes the oldest, for the caller to destroy.
  mutating func removeFirst() -> Report? {
    guard count > 0 else { return nil }
    let report = places[first].take()
    first = (first + 1) % places.count
    count -= 1
    return report
  }

  /// Copies all to the end of a list that has room for them; false when it has not.
  func copy(to list: inout [Report]) -> Bool {
    guard list.capacity - list.count >= count else { return false }
    for place in 0..<count { list.append(places[(first + place) % places.count]!) }
    return true
  }
}
