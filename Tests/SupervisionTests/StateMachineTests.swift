// SPDX-License-Identifier: Apache-2.0
//
// State machines: the order of states and messages, postponed messages, and the times of states.

import Joist
import JoistSupervision
import TestSupport
import Testing

/// A door with a code, which stays unlocked for ten seconds and locks itself.
private struct Door: StateMachine {
  enum State: Equatable, Sendable { case locked, unlocked, open }
  enum Message: Sendable {
    case code(Int)
    case push, close
    case look
    case fail
  }

  let log: Log<String>

  func start(in process: ProcessContext<Message>) -> State { .locked }

  static func postpones(_ message: Message, in state: State) -> Bool {
    if case .push = message { state == .locked } else { false }
  }

  func handle(_ message: sending Message, in state: State, _ process: ProcessContext<Message>) throws -> State {
    switch (state, message) {
    case (.locked, .code(1234)): return .unlocked
    case (.unlocked, .push): return .open
    case (.open, .close): return .unlocked
    case (_, .fail): throw Failure()
    default:
      log.add("\(message) while \(state)")
      return state
    }
  }

  func enter(_ state: State, from previous: State?, in process: ProcessContext<Message>) {
    log.add("\(previous.map { "\($0)" } ?? "nothing") to \(state)")
  }

  func timeout(of state: State) -> Duration? { state == .unlocked ? .seconds(10) : nil }

  func handleTimeout(in state: State, _ process: ProcessContext<Message>) -> State { .locked }

  func terminate(_ reason: ExitReason, in state: State, _ process: ProcessContext<Message>) {
    log.add("terminate while \(state): \(reason)")
  }
}

@Suite struct StateMachineTests {
  /// Runs a process beside a door, and returns what the door logged.
  private func trial(
    _ body: @escaping @Sendable (ProcessContext<Never>, ProcessRef<Door.Message>) throws -> Void
  ) throws -> [String] {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn { process in
      try body(process, Door.start(machine: Door(log: log), from: process))
    }
    simulation.run()
    return log.entries
  }

  @Test func `P5: a machine handles each message by its state`() throws {
    let log = try trial { _, door in
      for message in [.code(1), .code(1234), .push, .code(1234), .close] as [Door.Message] { door.send(message) }
    }
    #expect(
      log == [
        "nothing to locked", "code(1) while locked", "locked to unlocked", "unlocked to open", "code(1234) while open",
        "open to unlocked", "unlocked to locked",
      ]
    )
  }

  @Test func `P5: postponed messages are handled after a change of state, in order and before later ones`() throws {
    let log = try trial { process, door in
      for message in [.push, .push, .look, .code(1234), .look] as [Door.Message] { door.send(message) }
      try process.sleep(for: .seconds(1))
      door.send(.fail)
    }
    #expect(
      log == [
        "nothing to locked", "look while locked", "locked to unlocked", "unlocked to open", "push while open",
        "look while open", "terminate while open: error: Failure()",
      ]
    )
  }

  @Test func `P5: a state's time ends when it should, although messages come that do not change the state`() throws {
    let log = try trial { process, door in
      door.send(.code(1234))
      for _ in 0..<11 {
        try process.sleep(for: .seconds(1))
        door.send(.code(0))
      }
    }
    let ends = log.firstIndex(of: "unlocked to locked")
    #expect(log.filter { $0 == "code(0) while unlocked" }.count >= 9)
    #expect(ends == 11 || ends == 12)
    #expect(log.last == "code(0) while locked")
  }

  @Test func `P5: the end of a state's time comes before the messages in a mailbox that is never empty`() throws {
    let simulation = try HandDriven()
    let (log, platform) = (Log<String>(), simulation.platform)
    simulation.runtime.spawn { process in
      let door = Door.start(machine: Door(log: log), from: process)
      door.send(.code(1234))
      try process.yield()
      platform.advance(by: 20_000_000_000)
      for _ in 0..<3 { door.send(.push) }
    }
    simulation.run()
    #expect(log.entries == ["nothing to locked", "locked to unlocked", "unlocked to locked"])
  }

  @Test func `P5: a machine that is a child is restarted in its first state`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn { process in
      let top = try Supervisor(.oneForOne) {
        Child("door", options: .init(name: "door"), machine: { Door(log: log) })
      }.start(linkedTo: process)
      let door: ProcessName<Door.Message> = "door"
      try process.send(.code(1234), to: door)
      try process.send(.fail, to: door)
      try process.sleep(for: .seconds(1))
      try process.send(.look, to: door)
      try process.sleep(for: .seconds(1))
      top.exit()
    }
    simulation.run()
    #expect(
      log.entries == [
        "nothing to locked", "locked to unlocked", "terminate while unlocked: error: Failure()", "nothing to locked",
        "look while locked", "terminate while locked: shutdown",
      ]
    )
  }
}
