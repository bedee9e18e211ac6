// SPDX-License-Identifier: Apache-2.0
//
// Figures as short text: durations, bytes, counts, rates and shares, each with its unit and about three digits.
// No text is longer than eight columns, so that the columns of a table can have fixed widths.

/// Formats figures for people.
package enum FigureText {
  /// The text for a figure that is not known.
  package static let unknown = "-"

  private struct Unit {
    let name: String
    /// How much of the unit before it one unit is.
    let factor: Double
  }

  private static let durations = [
    Unit(name: "ns", factor: 1), Unit(name: "µs", factor: 1_000), Unit(name: "ms", factor: 1_000),
    Unit(name: "s", factor: 1_000), Unit(name: "min", factor: 60), Unit(name: "h", factor: 60),
    Unit(name: "d", factor: 24), Unit(name: "y", factor: 365),
  ]
  private static let sizes = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].enumerated().map { index, name in
    Unit(name: name, factor: index == 0 ? 1 : 1_024)
  }
  private static let counts = ["", "k", "M", "G", "T", "P", "E"].enumerated().map { index, name in
    Unit(name: name, factor: index == 0 ? 1 : 1_000)
  }

  /// Returns a duration, such as `1.23 µs` or `4.5 min`; a negative one has its sign.
  package static func duration(_ nanoseconds: Int64) -> String { text(Double(nanoseconds), durations) }

  /// Returns a number of bytes, such as `512 B` or `1.50 MiB`.
  package static func bytes(_ count: Int) -> String { text(Double(count), sizes) }

  /// Returns a count: all digits below 100,000, and otherwise three digits and a unit, such as `1.23 M`.
  package static func count(_ count: Int) -> String {
    abs(Double(count)) < 99_999.5 ? String(count) : text(Double(count), counts)
  }

  /// Returns a number of events in a second, with one decimal below ten and a unit from ten thousand on.
  package static func rate(_ perSecond: Double) -> String {
    guard perSecond.isFinite else { return unknown }
    if abs(perSecond) < 0.05 { return "0" }
    if abs(perSecond) < 9.95 { return decimal(perSecond, places: 1) }
    return abs(perSecond) < 9_999.5 ? decimal(perSecond, places: 0) : text(perSecond, counts)
  }

  /// Returns a part of one in percent without the sign `%`, with one decimal below a hundred.
  package static func percent(_ part: Double) -> String {
    guard part.isFinite else { return unknown }
    let percent = part * 100
    return abs(percent) < 99.95 ? decimal(percent, places: 1) : text(percent.rounded(), counts)
  }

  /// Returns a change with its sign; `text` formats the amount.
  package static func change(_ amount: Int64, _ text: (Int64) -> String) -> String {
    amount > 0 ? "+" + text(amount) : text(amount)
  }

  /// Returns a long duration in its two largest units, such as `3 h 12 min`.
  package static func age(_ nanoseconds: Int64) -> String {
    let seconds = max(0, nanoseconds) / 1_000_000_000
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60)
    if days > 0 { return "\(days) d \(hours) h" }
    if hours > 0 { return "\(hours) h \(minutes) min" }
    return minutes > 0 ? "\(minutes) min \(seconds % 60) s" : "\(seconds) s"
  }

  private static func text(_ value: Double, _ units: [Unit]) -> String {
    guard value.isFinite else { return unknown }
    var amount = value
    var index = 0
    while index + 1 < units.count, abs(amount) >= units[index + 1].factor - (index == 0 ? 0 : 0.5) {
      index += 1
      amount /= units[index].factor
    }
    let number = index == 0 ? decimal(amount, places: 0) : threeDigits(amount)
    return units[index].name.isEmpty ? number : "\(number) \(units[index].name)"
  }

  private static func threeDigits(_ value: Double) -> String {
    let size = abs(value)
    return decimal(value, places: size < 9.995 ? 2 : size < 99.95 ? 1 : 0)
  }

  /// Returns a number with that many decimals, at most two.
  private static func decimal(_ value: Double, places: Int) -> String {
    let scale = [1.0, 10, 100][places]
    // The largest number that a figure can have is the number of bytes in an address space, far from Int.max / 100.
    let scaled = Int((min(abs(value), 1e15) * scale).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(scaled)" }
    let digits = String(scaled % Int(scale))
    return "\(sign)\(scaled / Int(scale)).\(String(repeating: "0", count: places - digits.count))\(digits)"
  }
}
