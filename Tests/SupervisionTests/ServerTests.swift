// SPDX-License-Identifier: Apache-2.0
//
// Servers: the order of the calls, and how a server ends.

import Joist
import JoistSupervision
import TestSupport
import Testing

@Suite struct ServerTests {
  @Test func `a server answers calls and keeps its state`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    simulation.runtime.spawn { process in
      let bank = Bank.start(Bank(total: 5), from: process)
      bank.send(.deposit(2))
      log.add(try process.call(bank) { .balance($0) })
    }
    simulation.run()
    #expect(log.entries == [7])
  }

  @Test func `a server moves into its process with the objects that it holds`() throws {
    let tracker = Tracker()
    let statistics = try withRuntime { runtime in
      let holder = Holder.start(Holder(object: Tracked(tracker, 1)), on: runtime)
      holder.send(Tracked(tracker, 2))
      runtime.waitUntilIdle()
      #expect(tracker.count == 1)
    }
    #expect(tracker.count == 0 && statistics.processesCreated == 1)
  }

  @Test(arguments: [Witness.Act.exit, .fail, .told])
  func `terminate is told why a server ends, and the process ends for that reason`(act: Witness.Act) throws {
    let (log, reason) = try trial(act)
    let why =
      switch act {
      case .exit: "normal"
      case .fail: "error: Failure()"
      default: "error: Told()"
      }
    #expect(log == ["start", "handle", "terminate \(why)"] && reason == why)
  }

  @Test func `a server that was told to exit ends for that reason, whatever it throws afterwards`() throws {
    #expect(try trial(.toldAndFail) == (["start", "handle", "terminate error: Told()"], "error: Told()"))
  }

  @Test func `terminate is not called for a server that is killed, or has not started`() throws {
    #expect(try trial(.killed) == (["start", "handle"], "killed"))
    #expect(try trial(.failStart) == (["start"], "error: Failure()"))
  }

  /// Returns the calls that a server logs and the reason for which it ends.
  private func trial(_ act: Witness.Act) throws -> ([String], String) {
    let simulation = try HandDriven()
    let (log, end) = (Log<String>(), Log<String>())
    simulation.runtime.spawn(Int.self) { process in
      process.trapExits { signal in
        end.add("\(signal.reason)")
        return 0
      }
      let server = Witness.start(Witness(log: log, act: act), linkedTo: process)
      try process.sleep(for: .milliseconds(1))
      server.send(1)
      try process.sleep(for: .milliseconds(1))
      switch act {
      case .told, .toldAndFail: server.exit(.error(Told()))
      case .killed: server.exit(.killed)
      default: break
      }
      _ = try process.receive()
    }
    simulation.run()
    return (log.entries, end.entries.joined())
  }

  @Test func `a server continues its work before the next message, after start and after each message`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let server = Continuing.start(Continuing(log: log, left: 2), on: simulation.runtime)
    server.send(1)
    server.send(0)
    simulation.run()
    #expect(log.entries == ["continue", "continue", "message 1", "continue", "message 0"])
  }

  @Test func `a server that continues forever lets other processes run, and ends when told`() throws {
    let log = Log<String>()
    let simulation = try HandDriven()
    let server = Continuing.start(Continuing(log: Log(), left: .max), on: simulation.runtime)
    simulation.runtime.spawn { _ in
      log.add("ran")
      server.exit()
    }
    simulation.run()
    #expect(log.entries == ["ran"] && !server.isAlive)
  }

  @Test func `an idle server times out, and each message restarts the idle time`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn { process in
      let server = Idle.start(Idle(log: log), from: process)
      for _ in 0..<3 {
        try process.sleep(for: .seconds(6))
        server.send(1)
      }
      try process.sleep(for: .seconds(11))
      log.add("later")
      server.send(1)
    }
    simulation.run()
    #expect(log.entries == ["message", "message", "message", "timeout", "later", "message", "timeout", "timeout"])
  }

  @Test func `a linked server ends with the process that started it`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn { process in
      Witness.start(Witness(log: log, act: .told), linkedTo: process)
      try process.yield()
      throw Failure()
    }
    simulation.run()
    #expect(log.entries == ["start", "terminate error: Failure()"])
  }

  @Test(arguments: ["returns", "is told", "is killed", "throws", "crashes"], [true, false])
  func `P5: a linked server ends with its parent after terminate, whatever the reason`(
    end: String,
    traps: Bool
  ) throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let servers = Log<ProcessRef<Int>>()
    let parent = simulation.runtime.spawn(Int.self) { process in
      let server = Trapping.start(Trapping(log: log, traps: traps), linkedTo: process)
      servers.add(server)
      let message = try process.receive()
      for number in 1...3 { server.send(number) }
      switch end {
      case "throws": throw Failure()
      case "crashes": print(Int.max - 1 + message)
      case "returns": return
      default: _ = try process.receive()
      }
    }
    simulation.run()
    parent.send(2)
    simulation.run()
    if end == "is told" { parent.exit(.error(Told())) }
    if end == "is killed" { parent.exit(.killed) }
    simulation.run()
    let handled = log.entries.filter { $0.hasPrefix("message") }
    #expect(!servers.entries[0].isAlive && !parent.isAlive)
    // A server that traps exits handles the earlier messages first; one that does not exits at its next call.
    if traps { #expect(handled == ["message 1", "message 2", "message 3"]) }
    let why =
      switch end {
      case "returns": "normal"
      case "is told": "error: Told()"
      case "is killed": "killed"
      case "throws": "error: Failure()"
      default: "trap"
      }
    #expect(log.entries.last?.hasPrefix("terminate \(why)") == true, "\(log.entries)")
    #expect(log.entries.count { $0.hasPrefix("terminate") } == 1)
  }

  @Test func `P5: a server whose parent ended before the server began ends, too`() throws {
    let simulation = try HandDriven()
    let servers = Log<ProcessRef<Int>>()
    simulation.runtime.spawn { process in
      servers.add(Trapping.start(Trapping(log: Log(), traps: true), linkedTo: process))
    }
    simulation.run()
    #expect(!servers.entries[0].isAlive)
  }

  @Test(arguments: [Child.Shutdown.after(.seconds(5)), .never])
  func `P5: a server that traps exits ends when its supervisor tells it to, or is killed`(
    shutdown: Child.Shutdown
  ) throws {
    for isKilled in [false, true] {
      let stage = try Stage()
      let log = stage.log
      let top = try stage.start(
        Supervisor(.oneForOne) { Child("server", shutdown: shutdown, server: { Trapping(log: log, traps: true) }) }
      )
      let server = try #require(try stage.child("server", of: top)?.ref(as: Int.self))
      for number in 1...2 { server.send(number) }
      top.exit(isKilled ? .killed : .shutdown)
      stage.settle()
      let why = isKilled ? "killed" : "shutdown"
      #expect(Set(log.entries.suffix(2)) == ["terminate \(why), called 7", "top: \(why)"], "\(log.entries)")
      #expect(log.entries.prefix(2) == ["message 1", "message 2"] && !server.isAlive)
    }
  }

  @Test func `P5: others' exit signals are messages to a server that traps them, and a kill skips terminate`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let servers = Log<ProcessRef<Int>>()
    simulation.runtime.spawn(Int.self) { process in
      servers.add(Trapping.start(Trapping(log: log, traps: true), linkedTo: process))
      process.trapExits { _ in 0 }
      _ = try process.receive()
    }
    simulation.run()
    servers.entries[0].exit(.shutdown)
    simulation.run()
    #expect(log.entries == ["message 0"] && servers.entries[0].isAlive)
    servers.entries[0].exit(.killed)
    simulation.run()
    #expect(log.entries == ["message 0"] && !servers.entries[0].isAlive)
  }

  @Test func `P5: a server that receives, flushes or never receives its parent's exit ends all the same`() throws {
    for way in [Trapping.Way.receive, .flush, .keepGoing] {
      let simulation = try HandDriven()
      let log = Log<String>()
      let servers = Log<ProcessRef<Int>>()
      simulation.runtime.spawn { process in
        let server = Trapping.start(Trapping(log: log, traps: true, way: way), linkedTo: process)
        servers.add(server)
        server.send(1)
        try process.sleep(for: .milliseconds(1))
      }
      simulation.pass(nanoseconds: 10_000_000_000)
      #expect(!servers.entries[0].isAlive, "\(way)")
      #expect(log.entries.last?.hasPrefix("terminate normal") == true, "\(way): \(log.entries)")
    }
  }
}

struct Told: Error {}

private struct Bank: Server {
  enum Message {
    case deposit(Int)
    case balance(ReplyTo<Int>)
  }
  var total = 0
  mutating func handle(_ message: sending Message, in process: ProcessContext<Message>) {
    switch message {
    case .deposit(let amount): total += amount
    case .balance(let reply): reply.send(total)
    }
  }
}

private struct Holder: Server {
  var object: Tracked
  mutating func handle(_ message: sending Tracked, in process: ProcessContext<Tracked>) { object = message }
}

struct Witness: Server {
  enum Act: Sendable { case exit, fail, told, toldAndFail, killed, failStart }
  let log: Log<String>
  let act: Act

  func start(in process: ProcessContext<Int>) throws {
    log.add("start")
    if act == .failStart { throw Failure() }
  }

  func handle(_ message: sending Int, in process: ProcessContext<Int>) throws {
    log.add("handle")
    switch act {
    case .exit: try process.exit()
    case .fail: throw Failure()
    case .toldAndFail: do { _ = try process.receive() } catch { throw Failure() }
    default: break
    }
  }

  func terminate(_ reason: ExitReason, in process: ProcessContext<Int>) { log.add("terminate \(reason)") }
}

private struct Continuing: Server {
  let log: Log<String>
  var left: Int
  var continues: Bool { left > 0 }
  mutating func handleContinue(in process: ProcessContext<Int>) {
    log.add("continue")
    left -= 1
  }
  mutating func handle(_ message: sending Int, in process: ProcessContext<Int>) {
    log.add("message \(message)")
    left = message
  }
}

private struct Idle: Server {
  let log: Log<String>
  var timeouts = 0
  var idleTimeout: Duration? { timeouts < 3 ? .seconds(10) : nil }
  mutating func handleTimeout(in process: ProcessContext<Int>) {
    log.add("timeout")
    timeouts += 1
  }
  mutating func handle(_ message: sending Int, in process: ProcessContext<Int>) { log.add("message") }
}

/// A server that traps exits on request, and tries to call another process in `terminate`.
private struct Trapping: Server {
  enum Way: Sendable { case loop, receive, flush, keepGoing }
  let log: Log<String>
  let traps: Bool
  var way = Way.loop
  private var keepsGoing = false

  init(log: Log<String>, traps: Bool, way: Way = .loop) {
    self.log = log
    self.traps = traps
    self.way = way
  }

  func start(in process: ProcessContext<Int>) { if traps { process.trapExits { _ in 0 } } }

  mutating func handle(_ message: sending Int, in process: ProcessContext<Int>) throws {
    log.add("message \(message)")
    switch way {
    case .loop: break
    case .receive: log.add("received \(try process.receive())")
    case .flush:
      try process.sleep(for: .seconds(1))
      process.flush()
    case .keepGoing: keepsGoing = true
    }
  }

  var continues: Bool { keepsGoing }
  func handleContinue(in process: ProcessContext<Int>) throws { try process.sleep(for: .seconds(1)) }

  func terminate(_ reason: ExitReason, in process: ProcessContext<Int>) {
    let seven = process.spawn(ReplyTo<Int>.self) { helper in try helper.receive().send(7) }
    let answer = try? process.call(seven) { $0 }
    log.add("terminate \(reason)" + (answer.map { ", called \($0)" } ?? ""))
  }
}
