// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import Testing

/// Tests of `joist top` on a real terminal.
@Suite(.serialized, .enabled(if: TerminalPane.isAvailable))
struct TopTerminalTests {
  private static let prompt = "prompt"

  private func start(_ pane: TerminalPane, _ program: MadeUpProgram) throws -> ControlServer {
    let server = try ControlServer.open(program, name: "watched", directory: pane.folder, allowControl: true)
    let executable = try #require(TerminalPane.executable)
    // What is typed before the shell has shown its prompt is echoed before that.
    _ = try pane.wait { $0.first?.hasPrefix(Self.prompt) == true }
    // The shell's process becomes the view, so the file names its number.
    try pane.type(
      "sh -c 'echo $$ > \(pane.folder)/pid; exec \(executable) top watched --directory \(pane.folder)'; echo status $?"
    )
    return server
  }

  /// Whether the list of processes is there, with an answer of the program.
  private static func isShown(_ lines: [String]) -> Bool {
    lines.last?.hasPrefix("? help  q quit") == true && lines.contains { $0.hasPrefix(">#") }
  }

  /// Whether the view has ended and the screen from before is there again.
  private static func isRestored(_ lines: [String], status: Int) -> Bool {
    lines.contains("status \(status)") && lines.first?.hasPrefix(prompt) == true
      && !lines.contains { $0.contains("CPU%") }
  }

  @Test(
    "O2: on a terminal of 80 × 24 the view shows the program, takes keys, follows a resize, and restores the screen"
  )
  func session() throws {
    let pane = try TerminalPane()
    defer { pane.close() }
    let server = try start(pane, MadeUpProgram(clock: { Int64(DispatchTime.now().uptimeNanoseconds) }))
    defer { server.close() }
    var lines = try pane.wait(until: Self.isShown)
    #expect(lines.count == 24)
    #expect(lines[0].hasPrefix("made-up  pid 4242"))
    #expect(lines.contains { $0.hasPrefix(">#0.1    accept") })
    try pane.press("Down")
    try pane.press("Enter")
    lines = try pane.wait { $0.contains { $0.hasPrefix("stack, innermost frame first") } }
    #expect(lines.contains { $0.hasPrefix("#1.2  router") })
    try pane.press("Escape")
    _ = try pane.wait(until: Self.isShown)
    try pane.resize(columns: 40, lines: 10)
    lines = try pane.wait { $0.count == 10 && Self.isShown($0) && $0[3].hasPrefix("2 schedulers") }
    #expect(lines.count == 10 && lines[3].hasPrefix("2 schedulers"))
    try pane.resize(columns: 80, lines: 24)
    _ = try pane.wait { $0.count == 24 && Self.isShown($0) }
    try pane.press("q")
    lines = try pane.wait { Self.isRestored($0, status: 0) }
    #expect(Self.isRestored(lines, status: 0), "\(lines)")
    try pane.type("stty -a")
    lines = try pane.wait { $0.contains { $0.contains("echo ") && $0.contains("icanon") } }
    #expect(lines.contains { $0.contains(" icanon") || $0.hasPrefix("icanon") })
  }

  @Test("O2: a program that vanishes leaves one line of error and the restored screen")
  func vanished() throws {
    let pane = try TerminalPane()
    defer { pane.close() }
    let server = try start(pane, MadeUpProgram())
    _ = try pane.wait(until: Self.isShown)
    server.close()
    let lines = try pane.wait { Self.isRestored($0, status: 1) }
    #expect(Self.isRestored(lines, status: 1), "\(lines)")
    #expect(lines.count { $0.hasPrefix("joist: ") } == 1)
  }

  @Test("O2: a signal that ends the view restores the screen")
  func terminated() throws {
    let pane = try TerminalPane()
    defer { pane.close() }
    let server = try start(pane, MadeUpProgram())
    defer { server.close() }
    _ = try pane.wait(until: Self.isShown)
    let text = try String(contentsOfFile: pane.folder + "/pid", encoding: .utf8)
    let number = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    kill(number, SIGTERM)
    let lines = try pane.wait { Self.isRestored($0, status: 143) }
    #expect(Self.isRestored(lines, status: 143), "\(lines)")
  }
}
