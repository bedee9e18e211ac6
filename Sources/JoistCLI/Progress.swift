// SPDX-License-Identifier: Apache-2.0
//
// What a person sees while something takes long: one line on a terminal, nothing in a pipe. And how figures are
// written.

import Foundation
import Joist

/// A line that is written over again.
struct Progress {
  private let isTerminal = isatty(1) == 1

  /// Shows a line in place of the last.
  func show(_ text: String) {
    guard isTerminal else { return }
    write("\r\u{1B}[K  … \(text)")
  }

  /// Takes the line away.
  func clear() {
    if isTerminal { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}

/// A figure with three significant digits or so.
func short(_ value: Double) -> String {
  value >= 100 ? String(format: "%.0f", value) : String(format: value >= 10 ? "%.1f" : "%.2f", value)
}

/// So many units of `unit` in a duration.
func count(_ unit: Duration, in duration: Duration) -> Double { duration / unit }

extension Duration {
  /// As a number of them, fractions included.
  var nanoseconds: Double { self / .nanoseconds(1) }
  var milliseconds: Double { self / .milliseconds(1) }
}

/// Bytes of memory that the program has now; zero where the system does not say.
func residentBytes() -> Int {
  HostPlatform.shared.residentBytes()
}
