// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import Testing

/// Tests of the output of the commands that look into a program.
struct TopOutputTests {
  @Test("O2: JSON is one line, has no character that does anything to a terminal, and says the same")
  func json() throws {
    let names = ["a\u{1B}[31m", "\u{9B}5m", "x\u{202E}y\u{2028}", "缓存", "line\nbreak", "\u{7F}"]
    let text = try JSONLine.text(names)
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
    #expect(!text.contains("\u{202E}") && text.contains("缓存"))
    #expect(try JSONDecoder().decode([String].self, from: Data(text.utf8)) == names)
  }

  @Test("O2: the keys of a refresh's object are stable")
  func reportKeys() throws {
    let program = MadeUpProgram()
    let report = TopReport(
      program: try program.program(),
      runtime: try program.runtime(),
      processes: try program.processes(by: .cpu, limit: 3, sinceLast: true)
    )
    let text = try JSONLine.text(report)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(object.keys.sorted() == ["processes", "program", "runtime"])
    #expect(!text.contains("\n"))
    #expect(try JSONLine.text(report) == text)
  }

  @Test("O2: a table is aligned, also with wide characters and with names that hold escapes")
  func table() {
    var table = TextTable([.init("PID", onTheRight: true), .init("NAME"), .init("CONTROL")])
    table.add(["7", "缓存服务器", "off"])
    table.add(["12345", "a\u{1B}[2Jb", "allowed"])
    #expect(
      table.lines.map(\.text) == [
        "  PID  NAME        CONTROL", "    7  缓存服务器  off", "12345  a\\e[2Jb     allowed",
      ]
    )
  }

  @Test("O2: the plain report has the header and at most as many rows as it was asked for")
  func report() throws {
    var driver = try TopDriver()
    try driver.pass(seconds: 1.5)
    let size = ScreenSize(columns: 140, lines: 60)
    let screen = TopScreen(model: driver.session.model, state: TopState(), pace: TopPace(chosen: 1), size: size)
    let lines = screen.report(rows: 5).map(\.text)
    #expect(lines[0].hasPrefix("made-up  pid 4242"))
    #expect(lines.count { $0.hasPrefix(" #") } == 5)
    #expect(lines.allSatisfy { !$0.contains("\u{1B}") && !$0.hasSuffix(" ") })
  }

  @Test("O2: profiles made of answers share their frames and count what was seen")
  func profiles() throws {
    let program = MadeUpProgram()
    let parked = StackProfile(groups: try program.stacks(limit: 10), programName: "x", startNanoseconds: 1)
    #expect(parked.frames == MadeUpProgram.stack)
    #expect(parked.samples.map(\.value) == [38])
    #expect(parked.samples.first?.labels == ["state": "receive"])
    let stacks = try program.profile(seconds: 1)
    let cpu = StackProfile(
      stacks: stacks + stacks,
      programName: "x",
      durationNanoseconds: 1_000_000_000,
      periodNanoseconds: 10_000_000,
      startNanoseconds: 1
    )
    #expect(cpu.frames.count == MadeUpProgram.stack.count)
    #expect(cpu.samples.map(\.value) == [800_000_000, 200_000_000, 800_000_000, 200_000_000])
  }

  @Test("O2: a deep or endless supervision tree is cut at a bound")
  func largeTree() {
    var node = SupervisionNode(id: "#0.1", name: nil, isSupervisor: false, attempt: 1, children: [])
    for index in 1..<2_000 {
      node = SupervisionNode(id: "#\(index).1", name: "s", isSupervisor: true, attempt: 1, children: [node])
    }
    let wide = SupervisionNode(
      id: "#w",
      name: nil,
      isSupervisor: true,
      attempt: 1,
      children: Array(repeating: node, count: 20)
    )
    let rows = TreeRow.rows(of: [wide])
    #expect(rows.count == TreeRow.maxRows)
    #expect(rows.allSatisfy { $0.branch.count <= 200 })
  }
}
