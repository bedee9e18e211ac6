// SPDX-License-Identifier: Apache-2.0

import JoistObservation
import Testing

/// Tests of the screen as a function of model, state and size.
struct TopScreenTests {
  static let sizes = [
    (1, 1), (2, 2), (5, 3), (20, 5), (40, 10), (59, 17), (80, 24), (81, 25), (100, 30), (132, 43), (200, 60),
    (300, 100),
  ]
  static let views = ["", "t", "w", "?", "\r", "/zzz", "k"]

  @Test("O2: no line is wider than the screen and no frame longer, in any view and at any size", arguments: views)
  func fits(view: String) throws {
    for schedulers in [0, 1, 3, 7, 200] {
      var settings = MadeUpProgram.Settings()
      settings.schedulers = schedulers
      settings.names = ["缓存服务器一号机器", "\u{1B}[2J\u{7}", String(repeating: "长", count: 300), "", "e\u{301}\u{301}"]
      var driver = try TopDriver(settings)
      try driver.pass(seconds: 2)
      if view == "\r" { try driver.press(.enter) } else { try driver.type(view) }
      for (columns, lines) in Self.sizes {
        let screen = driver.screen(columns, lines)
        #expect(screen.count <= lines)
        for line in screen {
          #expect(TerminalText.width(line) <= columns, "\(columns) × \(lines): \(line)")
        }
      }
    }
  }

  @Test("O2: no name brings an escape sequence to the terminal, in any view")
  func injection() throws {
    var settings = MadeUpProgram.Settings()
    settings.names = ["\u{1B}[31mred", "\u{9B}5m\u{1B}]0;title\u{7}", "a\r\nb\u{8}"]
    var driver = try TopDriver(settings)
    try driver.pass(seconds: 1)
    for view in Self.views {
      if view == "\r" { try driver.press(.enter) } else { try driver.type(view) }
      for line in driver.screen(120, 40) {
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }, "\(line)")
      }
      try driver.press(.escape, .escape)
    }
  }

  @Test("O2: at 80 × 24 the screen has header, schedulers, histograms, at least ten rows, and the keys")
  func usualSize() throws {
    var driver = try TopDriver()
    try driver.pass(seconds: 2)
    let screen = driver.screen()
    #expect(screen.count == 24)
    #expect(screen[0].hasPrefix("made-up  pid 4242  up 1 h 0 min  2 schedulers"))
    #expect(screen[1].hasPrefix("40 processes  2 running  10 ready  28 waiting"))
    #expect(screen[2].contains("messages/s 1") && screen[2].contains("spawns/s 12.0 k"))
    #expect(screen[4].contains("███") && screen[4].contains("50%"))
    #expect(screen.contains { $0.hasPrefix("run delay") && $0.contains("normal") && $0.contains("latency") })
    #expect(screen.contains { $0.contains("CPU%▼") && $0.contains("MAILBOX") && $0.contains("FUNCTION") })
    #expect(driver.rows().count >= 10)
    #expect(screen[23].contains("? help") && screen[23].contains("q quit"))
  }

  @Test("O2: columns of figures are aligned: all rows of the table are equally wide up to the last figure")
  func alignment() throws {
    var driver = try TopDriver()
    try driver.pass(seconds: 2)
    let heading = try #require(driver.screen(160, 40).first { $0.hasPrefix(" PROCESS") })
    let rows = driver.rows(160, 40)
    let words = heading.split(separator: " ", omittingEmptySubsequences: false)
    let end = try #require(words.firstIndex(of: "MEMORY"))
    let column = words[...end].joined(separator: " ").count
    #expect(rows.count >= 10)
    for row in rows { #expect(String(row.prefix(column)).hasSuffix("iB"), "\(row)") }
  }

  @Test("O2: many schedulers fold into two columns, and more of them into a summary")
  func manySchedulers() throws {
    var settings = MadeUpProgram.Settings()
    settings.schedulers = 8
    var driver = try TopDriver(settings)
    #expect(driver.screen().contains { $0.hasPrefix(" 0  ") && $0.contains(" 4  ") })
    settings.schedulers = 64
    driver = try TopDriver(settings)
    #expect(driver.screen().contains { $0.hasPrefix("64 schedulers  1 stuck") && $0.contains("run ") })
    #expect(driver.rows().count >= 10)
  }

  @Test("O2: a program without processes has a screen that says so")
  func noProcesses() throws {
    var settings = MadeUpProgram.Settings()
    settings.processes = 0
    var driver = try TopDriver(settings)
    try driver.pass(seconds: 1)
    #expect(driver.screen()[1].hasPrefix("0 processes"))
    #expect(driver.rows().map { $0.trimmed } == ["no processes"])
    #expect(try driver.press(.down, .up, .pageDown, .end, .enter) == nil)
  }

  @Test("O2: colours are only around text, and each line ends without one")
  func colours() throws {
    var driver = try TopDriver()
    try driver.pass(seconds: 1)
    let frame = driver.session.frame(ScreenSize(columns: 80, lines: 24))
    let style = TerminalStyle(hasColour: true, hasAttributes: true, hasUnicode: true)
    let plain = frame.rendered(columns: 80, style: .plain)
    for (coloured, line) in zip(frame.rendered(columns: 80, style: style), plain) {
      let parts = coloured.split(separator: "\u{1B}[", omittingEmptySubsequences: false)
      let text = String(parts[0]) + parts.dropFirst().map { $0.drop { $0 != "m" }.dropFirst() }.joined()
      #expect(text.trimmed == line.trimmed)
      #expect(parts.count == 1 || coloured.contains("\u{1B}[0m"))
      if let last = parts.dropFirst().last { #expect(last.hasPrefix("0m")) }
    }
  }

  @Test("O2: only lines that have changed are sent to the terminal, and all of them after a new size")
  func changedLines() {
    var frame = TerminalFrame()
    let size = ScreenSize(columns: 10, lines: 3)
    #expect(frame.bytes(["a", "b"], size: size).contains("\u{1B}[2J"))
    #expect(frame.bytes(["a", "b"], size: size).isEmpty)
    #expect(frame.bytes(["a", "c"], size: size) == "\u{1B}[2;1H\u{1B}[2Kc")
    #expect(frame.bytes(["a"], size: size) == "\u{1B}[2;1H\u{1B}[2K")
    let resized = frame.bytes(["a"], size: ScreenSize(columns: 9, lines: 3))
    #expect(resized.contains("\u{1B}[2J") && resized.hasSuffix("a"))
  }
}

extension String {
  /// The text without spaces at both ends.
  var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
