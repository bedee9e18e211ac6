// SPDX-License-Identifier: Apache-2.0
//
// Text from the watched program, made fit for a terminal: no character of a name can move the cursor, change a colour
// or turn the direction of the text, and the number of columns that a text takes is known.

/// Makes text safe to print and measures it in columns.
package enum TerminalText {
  /// The largest number of scalars of a text that are looked at; a longer text is cut, which bounds the cost of a name.
  package static let maxScalars = 4_096

  /// The largest number of combining marks that one character may have; more would cover the neighbouring lines.
  private static let maxMarks = 2

  /// Returns the text with every control and format character written as an escape, such as `\e` or `\u{202E}`.
  ///
  /// Invisible characters that only shape emoji and letters are left out, because terminals do not agree on their
  /// width.
  package static func printable(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }), text.utf8.count <= maxScalars { return text }
    var result = String.UnicodeScalarView()
    var marks = maxMarks
    for scalar in text.unicodeScalars.prefix(maxScalars) {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
        result.append(contentsOf: escape(scalar).unicodeScalars)
        marks = maxMarks
      case .format:
        if !isShaping(scalar) { result.append(contentsOf: escape(scalar).unicodeScalars) }
      case .nonspacingMark, .enclosingMark:
        // A mark at the start of a text has no letter to stand on.
        if marks < maxMarks, !isShaping(scalar) {
          result.append(scalar)
          marks += 1
        }
      default:
        if isShaping(scalar) { continue }
        result.append(regionLetter(scalar) ?? scalar)
        marks = 0
      }
    }
    return String(result)
  }

  /// Returns the number of columns that printable text takes.
  package static func width(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.unicodeScalars.reduce(0) { $0 + width(of: $1) }
  }

  /// Returns as much of printable text as fits into `width` columns, with `…` at the end if a part is missing.
  package static func clipped(_ text: String, to width: Int) -> String {
    guard width > 0 else { return "" }
    if self.width(text) <= width { return text }
    var result = String.UnicodeScalarView()
    var columns = 0
    for scalar in text.unicodeScalars {
      columns += self.width(of: scalar)
      if columns > width - 1 { break }
      result.append(scalar)
    }
    return String(result) + "…"
  }

  /// Returns printable text in exactly `width` columns: clipped, or filled with spaces.
  package static func fitted(_ text: String, to width: Int, onTheRight: Bool = false) -> String {
    let clipped = clipped(text, to: width)
    let spaces = String(repeating: " ", count: max(0, width - self.width(clipped)))
    return onTheRight ? spaces + clipped : clipped + spaces
  }

  /// Returns the text in ASCII, for terminals whose locale is not UTF-8.
  package static func ascii(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar.isASCII {
        result.unicodeScalars.append(scalar)
      } else {
        let replacement = replacements[scalar] ?? "?"
        result += String(repeating: replacement, count: width(of: scalar))
      }
    }
    return result
  }

  private static let replacements: [Unicode.Scalar: String] = [
    "µ": "u", "…": "~", "█": "#", "▏": "|", "▁": "_", "▂": "_", "▃": "-", "▄": "-", "▅": "=", "▆": "=", "▇": "#",
    "▼": "v", "·": ".", "→": ">", "│": "|", "├": "|", "└": "`", "─": "-", "×": "x", "↑": "^", "↓": "v",
  ]

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case "\u{1B}": "\\e"
    default: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }
  }

  /// Whether the character only shapes its neighbours: joiners, variation selectors, tags and skin tones.
  private static func isShaping(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0xAD, 0x034F, 0x200B...0x200D, 0x2060, 0xFE00...0xFE0F, 0xFEFF, 0x1F3FB...0x1F3FF, 0xE0000...0xE01EF: true
    default: false
    }
  }

  /// The letter of a regional indicator; two of them are a flag in some terminals and two letters in others.
  private static func regionLetter(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
    (0x1F1E6...0x1F1FF).contains(scalar.value) ? Unicode.Scalar(scalar.value - 0x1F1E6 + 0x41) : nil
  }

  private static func width(of scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.value {
    case 0x1160...0x11FF, 0xD7B0...0xD7FF: return 0
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1B000...0x1B2FF,
      0x1F200...0x1F2FF, 0x20000...0x3FFFD:
      return isMark(scalar) ? 0 : 2
    default: return isMark(scalar) ? 0 : scalar.properties.isEmojiPresentation ? 2 : 1
    }
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    let category = scalar.properties.generalCategory
    return category == .nonspacingMark || category == .enclosingMark
  }
}
