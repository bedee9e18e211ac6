// SPDX-License-Identifier: Apache-2.0
//
// What was chosen in a run: enough to have it again.

/// The choices of a simulated run, in order.
///
/// As text: `3 0*57 1 0*12 2` is a 3, then 57 times the first of what could be chosen, and so on. The first choice is
/// always the least remarkable: the thread that runs goes on, a timer is not late.
public struct Schedule: Sendable, Hashable, CustomStringConvertible {
  /// Which of so many was chosen.
  public internal(set) var choices: [UInt16]

  package init(_ choices: [UInt16] = []) { self.choices = choices }

  /// Reads what `description` wrote; nil when that is no such text.
  public init?(_ text: String) {
    choices = []
    for word in text.split(separator: " ") {
      let parts = word.split(separator: "*", omittingEmptySubsequences: false)
      guard parts.count <= 2, let choice = UInt16(parts[0]) else { return nil }
      guard let count = parts.count == 2 ? Int(parts[1]) : 1, count > 0, count <= 1 << 24 else { return nil }
      choices.append(contentsOf: repeatElement(choice, count: count))
    }
  }

  /// The text.
  public var description: String {
    var words: [String] = []
    var index = 0
    while index < choices.count {
      let choice = choices[index]
      let end = choices[index...].firstIndex { $0 != choice } ?? choices.count
      words.append(end - index == 1 ? "\(choice)" : "\(choice)*\(end - index)")
      index = end
    }
    return words.joined(separator: " ")
  }

  /// Without the ordinary choices at the end, which are what follows a schedule anyway.
  var trimmed: Schedule {
    var trimmed = choices
    while trimmed.last == 0 { trimmed.removeLast() }
    return Schedule(trimmed)
  }
}
