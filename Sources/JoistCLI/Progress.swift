// SPDX-License-Identifier: Apache-2.0
//
// The progress line of a long command, which appears on a terminal only, and the formatting of measured values.

import Foundation
import Joist

/// A terminal line that each update overwrites.
struct Progress {
  private let isTerminal = isatty(1) == 1

  /// Replaces the line by `text`; does nothing if the output is not a terminal.
  func show(_ text: String) {
    guard isTerminal else { return }
    write("\r\u{1B}[K  … \(text)")
  }

  /// Erases the line.
  func clear() {
    if isTerminal { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}

/// Formats a value with about three significant digits.
func short(_ value: Double) -> String {
  value >= 100 ? String(format: "%.0f", value) : String(format: value >= 10 ? "%.1f" : "%.2f", value)
}

/// Returns how many times `unit` fits into `duration`, fractions included.
func count(_ unit: Duration, in duration: Duration) -> Double { duration / unit }

extension Duration {
  /// The duration in nanoseconds, fractions included.
  var nanoseconds: Double { self / .nanoseconds(1) }
  /// The duration in milliseconds, fractions included.
  var milliseconds: Double { self / .milliseconds(1) }
}

/// Returns the resident memory of this program in bytes; zero where the system does not report it.
func residentBytes() -> Int {
  HostPlatform.shared.residentBytes()
}
