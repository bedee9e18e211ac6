// SPDX-License-Identifier: Apache-2.0
//
// Text of a program on its way into logs, metrics and traces: names of processes and descriptions of errors may come
// from a request. A line break in them would forge a line of a log, and an escape sequence would command a terminal.

#if Telemetry
  /// The longest texts that are passed on, in bytes of UTF-8.
  package enum TextLimit {
    /// Of a name: longer ones are not names that a person gives.
    package static let name = 256
    /// Of a message or a line of a backtrace: common collectors of logs split longer lines.
    package static let line = 4_096
  }

  extension String {
    /// Returns the text with control and direction characters escaped as `\u{1B}`, cut to at most `limit` bytes.
    ///
    /// A text that was cut ends with `…`.
    package func cleaned(limit: Int) -> String {
      if utf8.count <= limit, utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return self }
      let mark = "…"
      var clean = ""
      var size = 0
      // The size up to which the mark still fits behind the text.
      var kept = clean.endIndex
      for scalar in unicodeScalars {
        let text = scalar.isHarmless ? String(scalar) : "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        let length = text.utf8.count
        if size + length > limit { return clean[..<kept] + mark }
        size += length
        clean += text
        if size <= limit - mark.utf8.count { kept = clean.endIndex }
      }
      return clean
    }
  }

  extension Unicode.Scalar {
    /// The zero-width joiners, which emoji and several scripts need.
    private static let joiners: ClosedRange<UInt32> = 0x200C...0x200D

    /// Whether a reader of a line sees the scalar, or at least no other effect of it.
    fileprivate var isHarmless: Bool {
      switch properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: false
      case .format: Unicode.Scalar.joiners.contains(value)
      default: true
      }
    }
  }
#endif
