// SPDX-License-Identifier: Apache-2.0
//
// Runs the example CrashyServer as a child process, with real clients.

import Foundation
import Testing

/// The server as a child process, killed after two minutes so that no test waits forever.
private final class Server {
  static let path = Shell.program("CrashyServer")

  private(set) var firstLine = ""
  private(set) var port: UInt16 = 0
  private let process = Process()
  private let output = Pipe()
  private var unread = Data()
  private let timer = DispatchSource.makeTimerSource()

  init() throws {
    process.executableURL = URL(fileURLWithPath: Server.path)
    process.arguments = ["--port", "0"]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice  // in debug builds Swift prints a message for a trap
    try process.run()
    let id = process.processIdentifier
    timer.schedule(deadline: .now() + .seconds(120))
    timer.setEventHandler { kill(id, SIGKILL) }
    timer.activate()
    firstLine = logged(1).first ?? ""
    port = try #require(firstLine.split(separator: " ").last.flatMap { UInt16($0) })
  }

  deinit {
    timer.cancel()
    // Not `terminate`: the child may have inherited the signal mask of a thread that blocks SIGTERM.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  func connect() throws -> Client { try #require(Client(port: port)) }

  /// Returns the next `count` lines of the log, or fewer if the server ends before.
  ///
  /// Alarms, such as a slow machine raises about slices, are not among them.
  func logged(_ count: Int) -> [String] {
    var lines: [String] = []
    while lines.count < count, let line = nextLine() { if !line.hasPrefix("alarm ") { lines.append(line) } }
    return lines
  }

  private func nextLine() -> String? {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        defer { unread = Data(unread[(end + 1)...]) }
        return String(decoding: unread[..<end], as: UTF8.self)
      }
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { return nil }
      unread += more
    }
  }

  /// Interrupts the server as Ctrl-C does, and returns its exit status, or -1 if a signal ended it.
  func interrupt() -> Int32 {
    process.interrupt()
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -1
  }
}

@Suite struct CrashyServerTests {
  @Test(arguments: ["boom", "overflow"])
  func `P5: a client whose connection crashes is closed, and another goes on`(command: String) throws {
    let server = try Server()
    #expect(server.firstLine == "listening on 127.0.0.1:\(server.port); try: nc 127.0.0.1 \(server.port)")
    let (calm, doomed) = (try server.connect(), try server.connect())
    #expect(calm.ask("echo one  two ") == "one  two ")
    #expect(doomed.ask("count") == "1")
    #expect(calm.ask("who") == "2 open, 0 trapped")
    #expect(doomed.ask(command) == nil)
    #expect(calm.ask("count") == "3")
    #expect(calm.ask("who") == "1 open, 1 trapped")
    #expect(calm.ask("what") == "commands: echo TEXT, count, who, boom, overflow, quit")
    #expect(calm.ask("quit") == nil)
    let log = server.logged(1).first ?? ""
    #expect(log.contains(command == "boom" ? "trap" : "stack overflow"), "\(log)")
    #expect(server.interrupt() == 0)
  }

  @Test func `P5: of fifty clients every third crashes, and the others get every echo in order`() throws {
    let server = try Server()
    let clients = try (0..<50).map { _ in try server.connect() }
    let texts = (0..<100).map { "text \($0)" }
    for (number, client) in clients.enumerated() {
      for text in texts.prefix(50) { client.send("echo \(text) of \(number)") }
      if number % 3 == 0 { client.send(number % 2 == 0 ? "boom" : "overflow", "echo not reached") }
      for text in texts.dropFirst(50) where number % 3 != 0 { client.send("echo \(text) of \(number)") }
    }
    for (number, client) in clients.enumerated() {
      let isDoomed = number % 3 == 0
      // Replies sent before the crash may be lost: closing a socket with unread bytes resets the connection.
      if isDoomed { while let line = client.receive() { #expect(line != "not reached") } }
      for text in texts where !isDoomed { #expect(client.receive() == "\(text) of \(number)") }
    }
    #expect(clients[1].ask("who") == "33 open, 17 trapped")
    let log = server.logged(17)
    #expect(log.count(where: { $0.contains("trap") }) == 9 && log.count(where: { $0.contains("overflow") }) == 8)
    #expect(server.interrupt() == 0)
    #expect(clients[1].receive() == nil)
  }

  @Test func `P5: a long line in several pieces is echoed, and a line over the limit closes its connection`() throws {
    let server = try Server()
    let (client, babbler) = (try server.connect(), try server.connect())
    let long = String(repeating: "long ", count: 10_000)
    #expect(client.ask("echo \(long)\r") == long)
    babbler.send(String(repeating: "x", count: 200_000))
    #expect(babbler.receive() == nil)
    #expect(client.ask("who") == "1 open, 0 trapped")
  }

  @Test func `P5: a port that is taken gets one line and status 1`() throws {
    let server = try Server()
    let got = try Shell.run(Server.path, ["--port", "\(server.port)"])
    #expect(got.status == 1 && got.output.isEmpty)
    #expect(got.error.hasPrefix("CrashyServer: port \(server.port): ") && got.error.filter { $0 == "\n" }.count == 1)
  }

  @Test(arguments: [["--port"], ["--port", "x"], ["--port", "65536"], ["--port", "1", "2"], ["4040"], ["--what"]])
  func `P5: wrong arguments get one line and status 64`(arguments: [String]) throws {
    let got = try Shell.run(Server.path, arguments)
    #expect(got.status == 64 && got.output.isEmpty)
    #expect(got.error.hasPrefix("CrashyServer: ") && got.error.filter { $0 == "\n" }.count == 1)
  }
}
