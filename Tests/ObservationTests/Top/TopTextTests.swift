// SPDX-License-Identifier: Apache-2.0

import JoistObservation
import Testing

/// Tests of figures and of text that comes from the watched program.
struct TopTextTests {
  @Test("O2: a duration has three digits and the unit that fits, also where it is rounded up to the next unit")
  func durations() {
    let expected: [(Int64, String)] = [
      (0, "0 ns"), (999, "999 ns"), (1_234, "1.23 µs"), (99_960, "100 µs"), (999_600, "1.00 ms"),
      (12_340_000, "12.3 ms"), (1_500_000_000, "1.50 s"), (90_000_000_000, "1.50 min"), (7_200_000_000_000, "2.00 h"),
      (259_200_000_000_000, "3.00 d"), (-5_000, "-5.00 µs"), (Int64.max, "292 y"),
    ]
    for (nanoseconds, text) in expected { #expect(FigureText.duration(nanoseconds) == text) }
  }

  @Test("O2: bytes, counts, rates and shares have units, and no figure is wider than eight columns")
  func figures() {
    #expect(FigureText.bytes(512) == "512 B")
    #expect(FigureText.bytes(1_572_864) == "1.50 MiB")
    #expect(FigureText.count(99_999) == "99999")
    #expect(FigureText.count(1_234_567) == "1.23 M")
    #expect(FigureText.rate(0.51) == "0.5")
    #expect(FigureText.rate(12_345) == "12.3 k")
    #expect(FigureText.percent(0.4321) == "43.2")
    #expect(FigureText.percent(1) == "100")
    #expect(FigureText.rate(.nan) == "-")
    #expect(FigureText.change(12) { FigureText.count(Int($0)) } == "+12")
    #expect(FigureText.age(11_520_000_000_000) == "3 h 12 min")
    for shift in 0..<63 {
      let value = Int64(1) << Int64(shift)
      for near in [value - 1, value, value + value / 3] {
        #expect(TerminalText.width(FigureText.duration(near)) <= 8)
        #expect(FigureText.bytes(Int(near)).count <= 8)
        #expect(FigureText.count(Int(near)).count <= 6)
        #expect(FigureText.rate(Double(near)).count <= 6)
      }
    }
  }

  @Test("O2: control and format characters of a name are written as escapes")
  func escapes() {
    #expect(TerminalText.printable("a\u{1B}[31mb\nc\u{7}") == "a\\e[31mb\\nc\\u{7}")
    #expect(TerminalText.printable("\u{9B}2J") == "\\u{9B}2J")
    #expect(TerminalText.printable("user\u{202E}drow") == "user\\u{202E}drow")
    #expect(TerminalText.printable("line\u{2028}") == "line\\u{2028}")
    #expect(TerminalText.printable("plain") == "plain")
    // Every scalar that could do something is either left out or an escape.
    for value in UInt32(0)...0x2FFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      for result in TerminalText.printable(String(scalar)).unicodeScalars {
        let category = result.properties.generalCategory
        #expect(category != .control && category != .format, "U+\(String(value, radix: 16))")
      }
    }
  }

  @Test("O2: the width of a text counts wide characters twice and marks not at all")
  func widths() {
    #expect(TerminalText.width("abc") == 3)
    #expect(TerminalText.width("缓存") == 4)
    #expect(TerminalText.width("🚀") == 2)
    #expect(TerminalText.width("e\u{301}") == 1)
    #expect(TerminalText.width(TerminalText.printable("👩‍👩‍👧")) == 6)
    #expect(TerminalText.clipped("缓存服务", to: 5) == "缓存…")
    #expect(TerminalText.fitted("缓存服务", to: 6) == "缓存… ")
    #expect(TerminalText.clipped("abc", to: 0).isEmpty)
    // Marks without number would cover the neighbouring lines.
    let marks = TerminalText.printable("a" + String(repeating: "\u{301}", count: 40))
    #expect(marks.unicodeScalars.count == 3)
  }

  @Test("O2: a style without Unicode writes ASCII alone, as wide as before")
  func ascii() {
    let ascii = TerminalStyle(hasColour: false, hasAttributes: false, hasUnicode: false)
    let line = ScreenLine("µ█·… 缓é▼")
    let text = line.rendered(width: 40, style: ascii)
    #expect(text.utf8.allSatisfy { $0 < 0x80 })
    #expect(text.utf8.count == line.width)
  }

  @Test("O2: NO_COLOR removes colours, a dumb terminal all sequences, and the locale decides on Unicode")
  func styles() {
    let usual = TerminalStyle.of(["TERM": "xterm-256color", "LANG": "C.UTF-8"])
    #expect(usual.hasColour && usual.hasAttributes && usual.hasUnicode)
    let plain = TerminalStyle.of(["TERM": "xterm", "NO_COLOR": "1", "LC_ALL": "C", "LANG": "C.UTF-8"])
    #expect(!plain.hasColour && plain.hasAttributes && !plain.hasUnicode)
    let dumb = TerminalStyle.of(["TERM": "dumb"])
    #expect(!dumb.hasColour && !dumb.hasAttributes)
  }
}
