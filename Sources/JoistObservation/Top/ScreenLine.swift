// SPDX-License-Identifier: Apache-2.0
//
// A line of a screen: pieces of text with roles. The text of each piece is made printable when it is added, so that no
// view can forget it, and roles become colours only when the line is rendered.

/// What a piece of text means; the style decides how it looks.
package enum TextRole: Sendable, Hashable {
  case plain, dim, strong, heading, sorted, good, busy, notice, alarm
}

/// What the terminal can show.
package struct TerminalStyle: Sendable, Hashable {
  /// Whether colours are used.
  package var hasColour: Bool
  /// Whether bold, dim and reverse text is used.
  package var hasAttributes: Bool
  /// Whether characters outside of ASCII are used.
  package var hasUnicode: Bool

  /// Creates a style.
  package init(hasColour: Bool, hasAttributes: Bool, hasUnicode: Bool) {
    self.hasColour = hasColour
    self.hasAttributes = hasAttributes
    self.hasUnicode = hasUnicode
  }

  /// Text without any escape sequence.
  package static let plain = TerminalStyle(hasColour: false, hasAttributes: false, hasUnicode: true)

  /// Returns the style that the environment asks for: `NO_COLOR`, `TERM`, and the locale's character set.
  package static func of(_ environment: [String: String]) -> TerminalStyle {
    let isDumb = ["", "dumb"].contains(environment["TERM"] ?? "")
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    let name = locale.lowercased()
    return TerminalStyle(
      hasColour: !isDumb && (environment["NO_COLOR"] ?? "").isEmpty,
      hasAttributes: !isDumb,
      hasUnicode: name.contains("utf-8") || name.contains("utf8")
    )
  }

  /// Returns the sequence that begins a role; empty if the role looks like plain text.
  func start(of role: TextRole) -> String {
    var codes: [String] = []
    if hasAttributes {
      switch role {
      case .plain, .good, .busy, .notice: break
      case .dim: codes.append("2")
      case .strong, .heading, .alarm: codes.append("1")
      case .sorted: codes += ["1", "4"]
      }
    }
    if hasColour {
      switch role {
      case .plain, .dim, .strong: break
      case .heading, .sorted: codes.append("36")
      case .good: codes.append("32")
      case .busy: codes.append("34")
      case .notice: codes.append("33")
      case .alarm: codes.append("31")
      }
    }
    return codes.isEmpty ? "" : "\u{1B}[\(codes.joined(separator: ";"))m"
  }
}

/// A line of a screen.
package struct ScreenLine: Sendable, Hashable {
  private struct Piece: Sendable, Hashable {
    var text: String
    var role: TextRole
  }

  private var pieces: [Piece] = []
  /// The number of columns that the line takes before it is clipped.
  package private(set) var width = 0
  /// Whether the line is the selected one, which is shown in reverse.
  package var isSelected = false

  /// Creates a line with one piece of text.
  package init(_ text: String = "", _ role: TextRole = .plain) { add(text, role) }

  /// Adds text at the end.
  package mutating func add(_ text: String, _ role: TextRole = .plain) {
    guard !text.isEmpty else { return }
    let printable = TerminalText.printable(text)
    pieces.append(Piece(text: printable, role: role))
    width += TerminalText.width(printable)
  }

  /// Adds text in a field of exactly `columns` columns.
  package mutating func add(_ text: String, _ role: TextRole = .plain, in columns: Int, onTheRight: Bool = false) {
    let fitted = TerminalText.fitted(TerminalText.printable(text), to: columns, onTheRight: onTheRight)
    pieces.append(Piece(text: fitted, role: role))
    width += columns
  }

  /// Adds the pieces of another line.
  package mutating func append(_ line: ScreenLine) {
    pieces += line.pieces
    width += line.width
  }

  /// Adds text so that it ends at column `total`; does nothing if there is no room for it and one space.
  package mutating func addAtRight(_ text: String, _ role: TextRole = .plain, total: Int) {
    let space = total - width - TerminalText.width(TerminalText.printable(text))
    guard space > 0 else { return }
    add(String(repeating: " ", count: space))
    add(text, role)
  }

  /// The whole text of the line, without colours and without trailing spaces.
  package var text: String {
    let text = pieces.map(\.text).joined()
    return String(text.reversed().drop { $0 == " " }.reversed())
  }

  /// Returns the line in at most `columns` columns, with the escape sequences of the style.
  package func rendered(width columns: Int, style: TerminalStyle) -> String {
    var result = isSelected && style.hasAttributes ? "\u{1B}[7m" : ""
    var left = columns
    var isCut = false
    for piece in pieces where !isCut && left > 0 {
      isCut = width > columns && TerminalText.width(piece.text) >= left
      // The ellipsis stands for this piece's rest and for all pieces after it.
      let text = isCut ? TerminalText.clipped(piece.text + " ", to: left) : piece.text
      left -= TerminalText.width(text)
      let visible = style.hasUnicode ? text : TerminalText.ascii(text)
      let start = isSelected ? "" : style.start(of: piece.role)
      result += start.isEmpty ? visible : start + visible + "\u{1B}[0m"
    }
    if isSelected && style.hasAttributes {
      result += String(repeating: " ", count: max(0, left)) + "\u{1B}[0m"
    }
    return result
  }
}
