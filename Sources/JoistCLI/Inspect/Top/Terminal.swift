// SPDX-License-Identifier: Apache-2.0
//
// The terminal of the view: raw mode, size and bytes. The system calls that the compiler cannot check are here alone.
// While the terminal is in raw mode each key arrives at once, and no key sends a signal.

import Foundation
import JoistObservation

/// The terminal that this program reads keys from and draws on.
struct Terminal {
  /// The bytes that are read at once; a key has at most a dozen.
  private static let readBytes = 1_024
  /// The size that is assumed if the terminal does not say its own.
  private static let usualSize = ScreenSize(columns: 80, lines: 24)

  private var usual = termios()

  /// Whether keys can be read from a terminal and a full screen be drawn on it.
  static var canShowFullScreen: Bool {
    let name = ProcessInfo.processInfo.environment["TERM"] ?? ""
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && !["", "dumb"].contains(name)
  }

  /// Remembers the mode of the terminal; throws if the terminal does not tell it.
  // Sound: the call fills the structure that it is lent and keeps no pointer to it.
  init() throws {
    guard unsafe tcgetattr(STDIN_FILENO, &usual) == 0 else {
      throw InspectionError("the terminal does not tell its mode: use --once")
    }
  }

  /// The number of columns and lines.
  // Sound: the call fills the structure that it is lent, which is the one that this request fills.
  static var size: ScreenSize {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return usualSize
    }
    return ScreenSize(columns: Int(size.ws_col), lines: Int(size.ws_row))
  }

  /// Enters raw mode and the full screen.
  func enter() throws {
    try enterRawMode()
    try write(TerminalFrame.enter)
  }

  /// Enters raw mode, also after another program has changed the mode.
  // Sound: the calls read and write the structure that they are lent and keep no pointer to it.
  func enterRawMode() throws {
    var raw = usual
    unsafe cfmakeraw(&raw)
    // The output still begins each line at the left side.
    raw.c_oflag = usual.c_oflag
    guard unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) == 0 else {
      throw InspectionError("the terminal does not change its mode: use --once")
    }
  }

  /// Leaves the full screen and gives the terminal its usual mode back; the screen from before is there again.
  // Sound: the call reads the structure that it is lent and keeps no pointer to it.
  func leave() {
    // A terminal that is gone cannot be restored, so a failure has no consequence.
    try? write(TerminalFrame.leave)
    var mode = usual
    _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode)
  }

  /// Writes text as it is.
  func write(_ text: String) throws { try StandardOutput.write(text) }

  /// Waits for bytes and returns them; empty if the terminal is gone.
  // Sound: the call writes at most as many bytes as the array has, while the array is lent to it.
  static func read() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: readBytes)
    while true {
      let count = unsafe bytes.withUnsafeMutableBytes { unsafe Foundation.read(STDIN_FILENO, $0.baseAddress, $0.count) }
      // A signal, such as the one for a new size, ends the call without bytes.
      if count < 0, errno == EINTR { continue }
      return Array(bytes.prefix(max(0, count)))
    }
  }
}
