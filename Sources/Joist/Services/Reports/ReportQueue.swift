// SPDX-License-Identifier: Apache-2.0
//
// A short queue of reports in memory that is allocated in advance: nothing is allocated or destroyed while the lock of
// `Reports` is held.

/// A queue of at most `capacity` reports, oldest first.
struct ReportQueue {
  private var entries: [Report?]
  private var first = 0
  private(set) var count = 0

  init(capacity: Int) { entries = Array(repeating: nil, count: capacity) }

  var isFull: Bool { count == entries.count }

  /// Appends a report; returns false if the queue is full.
  mutating func append(_ report: Report) -> Bool {
    if isFull { return false }
    entries[(first + count) % entries.count] = report
    count += 1
    return true
  }

  /// Removes the oldest report, for the caller to destroy; returns nil if the queue is empty.
  mutating func removeFirst() -> Report? {
    guard count > 0 else { return nil }
    let report = entries[first].take()
    first = (first + 1) % entries.count
    count -= 1
    return report
  }

  /// Copies all reports to the end of a list; returns false if the list has no spare capacity for them.
  func copy(to list: inout [Report]) -> Bool {
    guard list.capacity - list.count >= count else { return false }
    for index in 0..<count { list.append(entries[(first + index) % entries.count]!) }
    return true
  }
}
