// SPDX-License-Identifier: Apache-2.0
//
// The choices made in a run, which are enough to replay it.

/// The choices of a simulated run, in order.
///
/// Its text `3 0*57 1 0*12 2` means choice 3, then choice 0 fifty-seven times, and so on. Choice 0 is always the
/// ordinary one: the running thread runs on, a timer is not late.
public struct Schedule: Sendable, Hashable, CustomStringConvertible {
  /// The index of each choice among the options that there were.
  public internal(set) var choices: [UInt16]

  package init(_ choices: [UInt16] = []) { self.choices = choices }

  /// Parses the text of a schedule, as ``description`` gives it.
  ///
  /// - Returns: nil if `text` is not the text of a schedule.
  public init?(_ text: String) {
    choices = []
    for word in text.split(separator: " ") {
      let parts = word.split(separator: "*", omittingEmptySubsequences: false)
      guard parts.count <= 2, let choice = UInt16(parts[0]) else { return nil }
      guard let count = parts.count == 2 ? Int(parts[1]) : 1, count > 0, count <= 1 << 24 else { return nil }
      choices.append(contentsOf: repeatElement(choice, count: count))
    }
  }

  /// The schedule as text, with repeated choices written as `CHOICE*COUNT`.
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

  /// The schedule without the ordinary choices at its end; a replay makes these anyway.
  var trimmed: Schedule {
    var trimmed = choices
    while trimmed.last == 0 { trimmed.removeLast() }
    return Schedule(trimmed)
  }
}
