// SPDX-License-Identifier: Apache-2.0
//
// The bytes that bring a frame to a terminal, and those that enter and leave the full screen. Only lines that have
// changed are sent, which keeps a view over a slow line calm.

/// Turns frames into bytes for a terminal.
package struct TerminalFrame: Sendable {
  /// Saves the screen, and hides the cursor and turns off automatic line breaks in the other one.
  package static let enter = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J"
  /// Undoes `enter`; the screen from before is there again.
  package static let leave = "\u{1B}[0m\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

  private var shown: [String] = []
  private var size: ScreenSize?

  /// Creates a terminal of which nothing is known.
  package init() {}

  /// Forgets what the terminal shows, so that the next frame is sent whole.
  package mutating func forget() {
    shown = []
    size = nil
  }

  /// Returns the bytes that make the terminal show these lines.
  package mutating func bytes(_ lines: [String], size: ScreenSize) -> String {
    var result = ""
    if self.size != size {
      result = "\u{1B}[0m\u{1B}[2J"
      shown = []
    }
    self.size = size
    for index in 0..<max(lines.count, shown.count) where index < size.lines {
      let line = index < lines.count ? lines[index] : ""
      if index < shown.count, shown[index] == line { continue }
      // The line is erased first: after a full line the cursor stands on its last column, which would be erased.
      result += "\u{1B}[\(index + 1);1H\u{1B}[2K\(line)"
    }
    shown = lines
    return result
  }
}
