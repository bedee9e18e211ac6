// SPDX-License-Identifier: Apache-2.0
//
// The server that runs a state machine.
// - A message that is postponed waits in `postponed`. A change of state moves all that wait in front of `retried`,
//   which the server handles before its mailbox, so messages keep their order.
// - The end of a state's time counts before messages that are handled after it, even if they were sent before: without
//   that, a machine whose mailbox is never empty would have no timeouts.

import Joist

struct StateMachineServer<Machine: StateMachine>: Server {
  private var machine: Machine
  /// The process; nil before the start.
  private var process: ProcessContext<Machine.Message>?
  /// The state; nil before the start.
  private var state: Machine.State?
  /// The time at which the state has lasted as long as it may; nil if it may last forever, or the time was handled.
  private var deadline: RuntimeInstant?
  /// The messages that wait for another state.
  private var postponed: [Disconnected<Machine.Message>] = []
  /// The messages that have waited and are handled next, the first one last.
  private var retried: [Disconnected<Machine.Message>] = []

  init(_ machine: sending Machine) { self.machine = machine }

  mutating func start(in process: ProcessContext<Machine.Message>) throws {
    self.process = process
    try enter(machine.start(in: process), process)
  }

  mutating func handle(_ message: sending Machine.Message, in process: ProcessContext<Machine.Message>) throws {
    if let deadline, process.now >= deadline { try handleTimeout(in: process) }
    try take(message, process)
  }

  var continues: Bool { !retried.isEmpty }

  mutating func handleContinue(in process: ProcessContext<Machine.Message>) throws {
    guard let message = retried.popLast() else { return }
    try handle(message.open(), in: process)
  }

  /// The time from now to the deadline, which a machine without messages waits for.
  var idleTimeout: Duration? {
    guard let deadline, let process else { return nil }
    return max(.zero, process.now.duration(to: deadline))
  }

  mutating func handleTimeout(in process: ProcessContext<Machine.Message>) throws {
    guard let state, deadline != nil else { return }
    deadline = nil
    try go(to: machine.handleTimeout(in: state, process), process)
  }

  mutating func terminate(_ reason: ExitReason, in process: ProcessContext<Machine.Message>) {
    if let state { machine.terminate(reason, in: state, process) }
  }

  /// Handles a message in the present state, or postpones it.
  private mutating func take(_ message: sending Machine.Message, _ process: ProcessContext<Machine.Message>) throws {
    guard let state else { return }
    if Machine.postpones(message, in: state) { return postponed.append(Disconnected(message)) }
    try go(to: machine.handle(message, in: state, process), process)
  }

  private mutating func go(to next: Machine.State, _ process: ProcessContext<Machine.Message>) throws {
    if next != state { try enter(next, process) }
  }

  private mutating func enter(_ next: Machine.State, _ process: ProcessContext<Machine.Message>) throws {
    let previous = state
    state = next
    deadline = machine.timeout(of: next).map { process.now + $0 }
    retried += postponed.reversed()
    postponed.removeAll()
    try machine.enter(next, from: previous, in: process)
  }
}
