// SPDX-License-Identifier: Apache-2.0
//
// When which process had which trace token: from what it received and set itself, and from the process that spawned it.

/// The changes of trace tokens that a recording tells, in any order.
struct TokenSpans {
  enum Change {
    /// The process has this token from now on; nil for none.
    case has(UInt64?)
    /// The process begins with the token that this one has.
    case inherits(from: UInt64)
  }

  /// A stretch of time in which a process had a token; open ends are the largest time.
  struct Span {
    let process, token: UInt64
    let start, end: Int64
  }

  private var changes: [(time: Int64, process: UInt64, change: Change)] = []

  mutating func add(_ process: UInt64, _ change: Change, _ time: Int64) { changes.append((time, process, change)) }

  /// Returns the spans, in the order in which they end.
  func all() -> [Span] {
    var present: [UInt64: (token: UInt64, start: Int64)] = [:]
    var spans: [Span] = []
    for (time, process, change) in changes.inOrder(of: { $0.time }) {
      let token =
        switch change {
        case .has(let token): token
        case .inherits(let parent): present[parent]?.token
        }
      if let before = present.removeValue(forKey: process) {
        spans.append(Span(process: process, token: before.token, start: before.start, end: time))
      }
      if let token { present[process] = (token, time) }
    }
    for (process, last) in present.sorted(by: { $0.key < $1.key }) {
      spans.append(Span(process: process, token: last.token, start: last.start, end: .max))
    }
    return spans
  }
}
