// SPDX-License-Identifier: Apache-2.0

import JoistObservation
import Testing

/// Tests of what keys are and what they do.
struct TopKeyTests {
  @Test("O2: bytes become keys: arrows in both forms, pages, text in UTF-8, and a lone escape after a moment")
  func decoding() {
    var decoder = KeyDecoder()
    #expect(
      decoder.decode(Array("\u{1B}[A\u{1B}OB\u{1B}[5~\u{1B}[6;2~\u{1B}[Hq".utf8)) == [
        .up, .down, .pageUp, .pageDown, .home, .character("q"),
      ]
    )
    #expect(
      decoder.decode(Array("é缓\r\u{7F}\u{3}".utf8)) == [
        .character("é"), .character("缓"), .enter, .backspace, .interrupt,
      ]
    )
    #expect(decoder.decode([0x1B]).isEmpty && decoder.hasPending)
    #expect(decoder.flush() == [.escape] && !decoder.hasPending)
    #expect(decoder.decode([0x1B, UInt8(ascii: "[")]).isEmpty)
    #expect(decoder.decode([UInt8(ascii: "B")]) == [.down])
    #expect(decoder.decode([0xC3]).isEmpty)
    #expect(decoder.decode([0xA9]) == [.character("é")])
    #expect(decoder.decode([0x1B, 0x1B]) == [.escape] && decoder.flush() == [.escape])
  }

  @Test("O2: any bytes are taken without a trap and without growing pending bytes")
  func anyBytes() {
    var decoder = KeyDecoder()
    var value: UInt32 = 12_345
    for _ in 0..<20_000 {
      value = value &* 1_664_525 &+ 1_013_904_223
      _ = decoder.decode([UInt8(value >> 24)])
    }
    _ = decoder.decode([0x1B, UInt8(ascii: "[")] + Array(repeating: UInt8(ascii: "1"), count: 1_000))
    #expect(!decoder.hasPending)
  }

  @Test("O2: arrows move the selection, which then stays on its process when the order changes")
  func selection() throws {
    var driver = try TopDriver()
    try driver.pass(seconds: 1.5)
    try driver.press(.down, .down)
    let id = try #require(driver.session.state.selectedID)
    #expect(id == "#2.3")
    // The memory of no process grows, so the order by growth differs from that by size.
    try driver.press(.character("m"))
    try driver.pass(seconds: 1.5)
    try driver.press(.down)
    let selected = try #require(driver.session.state.selectedID)
    try driver.type("g")
    try driver.pass(seconds: 1.5)
    let row = try #require(driver.rows().first { $0.hasPrefix(">") })
    #expect(row.contains(selected))
    try driver.press(.end)
    #expect(driver.session.state.selection == 39)
    try driver.press(.home, .up)
    #expect(driver.session.state.selection == 0)
  }

  @Test("O2: a key asks the program for the new order, and the column that is sorted has a mark and its own figures")
  func sorting() throws {
    var driver = try TopDriver()
    try driver.pass(seconds: 1.5)
    #expect(driver.program.calls.last == .init(figure: .cpu, limit: TopState.rowLimit, sinceLast: true))
    try driver.type("b")
    #expect(driver.program.calls.last == .init(figure: .mailbox, limit: TopState.rowLimit, sinceLast: true))
    try driver.type("g")
    #expect(driver.program.calls.last == .init(figure: .mailbox, limit: TopState.rowLimit, sinceLast: false))
    #expect(driver.screen().contains { $0.contains("MAILBOX▼") })
    #expect(driver.rows().first?.hasPrefix(">#3.4") == true)
    try driver.type(">")
    #expect(driver.session.state.figure == .memory)
    try driver.type("<<<")
    #expect(driver.session.state.figure == .messagesIn)
    for figure in ProcessFigure.allCases.dropFirst() {
      driver = try TopDriver(state: TopState(figure: figure, byGrowth: false))
      let values = try #require(driver.session.model.list).rows.map(\.value)
      #expect(values == values.sorted(by: >), "\(figure)")
      #expect(driver.screen(200, 40).contains { $0.contains("▼") }, "\(figure)")
    }
  }

  @Test("O2: growth is shown as a rate over the window, and the whole figure without it")
  func growth() throws {
    var driver = try TopDriver()
    try driver.pass(seconds: 2)
    #expect(driver.rows().first?.contains(" 50.0 ") == true)
    try driver.type("g")
    try driver.pass(seconds: 1)
    #expect(driver.rows().first?.contains("30.0 min") == true)
    try driver.type("a")
    #expect(!driver.session.state.byGrowth)
    try driver.type("g")
    #expect(driver.session.state.message?.contains("grows with the clock") == true)
  }

  @Test("O2: a search filters names, ids and functions, asks for more rows, and opens a process that is in no row")
  func searching() throws {
    var driver = try TopDriver()
    try driver.pass(seconds: 1.5)
    try driver.type("/ROUT")
    #expect(driver.program.calls.last?.limit == TopState.searchRowLimit)
    #expect(driver.rows().count == 1)
    #expect(driver.screen().last == "search: ROUT_")
    try driver.press(.enter)
    #expect(driver.screen().last?.hasPrefix("search ROUT  1 of 40 rows") == true)
    try driver.press(.escape)
    #expect(driver.session.state.search.isEmpty)
    try driver.type("/#77.9")
    try driver.press(.enter)
    #expect(driver.session.state.view == .process("#77.9"))
    #expect(driver.screen().contains { $0.contains("there is no process #77.9") })
    try driver.press(.escape)
    #expect(driver.session.state.view == .processes)
    try driver.press(.character("/"))
    for _ in 0..<200 { try driver.press(.character("x")) }
    #expect(driver.session.state.search.count == TopState.maxSearch)
  }

  @Test("O2: enter opens the page of the selected process with its stack, mailbox, links, supervisor and events")
  func page() throws {
    var driver = try TopDriver()
    try driver.pass(seconds: 1.5)
    try driver.press(.enter)
    #expect(driver.session.state.view == .process("#0.1"))
    let text = driver.screen(100, 60).joined(separator: "\n")
    for part in [
      "#0.1  accept  waiting in call", "waits for   #2.3 cache", "Server.loop(_:) at Server.swift:120", "Request",
      "links       #0.1  #5.6", "monitors    #9.3", "supervisor  #0.1 as worker", "29 ms  received Request",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    _ = driver.screen()
    try driver.press(.pageDown)
    #expect(driver.session.state.scroll > 0)
    driver.program.change { $0.processes = 0 }
    try driver.pass(seconds: 1.5)
    #expect(driver.screen(100, 60).contains { $0.contains("has ended; this is its last answer") })
  }

  @Test("O2: the tree and the waits have pages; enter opens a process from there, and escape goes back step by step")
  func treeAndWaits() throws {
    var driver = try TopDriver()
    try driver.type("t")
    #expect(driver.screen().contains { $0.contains("│  ├─ worker-2") && $0.contains("started 2 times") })
    try driver.press(.down, .enter)
    #expect(driver.session.state.view == .process("#2.1"))
    try driver.press(.escape)
    #expect(driver.session.state.view == .tree)
    try driver.type("w")
    #expect(driver.screen().contains { $0.contains("circle of waits that a timeout or a reply may end") })
    // The process that was selected in the tree is selected here, too; home goes to the first wait below the heading.
    try driver.press(.home, .enter)
    #expect(driver.session.state.view == .process("#1.1"))
    try driver.press(.escape, .escape, .escape)
    #expect(driver.session.state.view == .processes)
  }

  @Test("O2: ending a process is confirmed first, and offered only if the program allows control")
  func killing() throws {
    var driver = try TopDriver()
    try driver.type("k")
    #expect(driver.screen().last?.hasPrefix("end process #0.1 accept?") == true)
    try driver.type("n")
    #expect(driver.program.actions.isEmpty)
    try driver.type("ky")
    #expect(driver.program.actions == ["kill #0.1"])
    var settings = MadeUpProgram.Settings()
    settings.allowsControl = false
    driver = try TopDriver(settings)
    try driver.type("ky")
    #expect(driver.program.actions.isEmpty)
  }

  @Test("O2: q and ctrl-C quit, space pauses, and + and - change the interval")
  func otherKeys() throws {
    var driver = try TopDriver()
    #expect(try driver.press(.character("q")) == .quit)
    #expect(try driver.press(.interrupt) == .quit)
    try driver.press(.character(" "))
    let count = driver.questions.count
    try driver.pass(seconds: 5)
    #expect(driver.questions.count == count)
    #expect(driver.screen()[0].hasSuffix("paused"))
    try driver.press(.character(" "))
    #expect(driver.questions.count == count + 1)
    try driver.press(.character("+"))
    #expect(driver.session.pace.chosen == 2_000_000_000)
    for _ in 0..<20 { try driver.press(.character("-")) }
    #expect(driver.session.pace.chosen == 250_000_000)
  }
}
