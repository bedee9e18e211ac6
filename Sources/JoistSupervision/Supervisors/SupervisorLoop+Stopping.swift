// SPDX-License-Identifier: Apache-2.0
//
// Ending children. The supervisor waits for the end of a child through a monitor, not through the exit signal of the
// link, because a child may have cut the link. The link stays until the child has ended, so a supervisor that is killed
// while it waits ends the child, too.

import Joist

extension SupervisorLoop {
  /// Ends a child as its `shutdown` says and waits for it.
  mutating func stop(_ number: Int) throws {
    guard let entry = table[number] else { return }
    table[number]?.status = .ended
    guard let address = entry.address else { return }
    let monitor = address.monitor(by: process)
    switch entry.child.shutdown {
    case .kill: address.exit(.killed)
    case .never: address.exit(.shutdown)
    case .after(let deadline):
      address.exit(.shutdown)
      if try hasEnded(monitor, within: deadline) { return try cut(address) }
      address.exit(.killed)
    }
    _ = try hasEnded(monitor, within: nil)
    try cut(address)
  }

  /// Waits for the message of a monitor, at most `time`, and returns whether it arrived; nil waits forever.
  private func hasEnded(_ monitor: MonitorID, within time: Duration?) throws -> Bool {
    let isIt: @Sendable (Supervisor.Message) -> Bool? = { message in
      if case .down(let down) = message.mail, down.monitor == monitor { true } else { nil }
    }
    guard let time else { return try process.receive(matching: isIt) }
    return try process.receive(matching: isIt, timeout: time) ?? false
  }

  /// Unlinks a process that has ended, and removes its exit signal from the mailbox.
  private mutating func cut(_ address: any ChildAddress) throws {
    _ = table.unbind(address.id)
    address.unlink(from: process)
    let id = address.id
    let isItsSignal: @Sendable (Supervisor.Message) -> Bool = { message in
      if case .exited(let signal) = message.mail { signal.process == id } else { false }
    }
    postponed.removeAll(where: isItsSignal)
    _ = try process.receive(where: isItsSignal, timeout: .zero)
  }

  /// Ends all children and waits for them: in reverse order, or all at the same time in a dynamic supervisor.
  mutating func stopAll() throws {
    for number in rounds.keys.sorted() {
      if let timer = rounds[number]?.timer { process.cancel(timer) }
    }
    rounds = [:]
    if plan.isDynamic { return try stopTogether() }
    for number in table.numbers.reversed() { try stop(number) }
  }

  /// Ends all children at the same time; requests that arrive meanwhile are discarded and never answered.
  private mutating func stopTogether() throws {
    var waitedFor: Set<MonitorID> = []
    for number in table.numbers {
      guard let entry = table[number], let address = entry.address else { continue }
      waitedFor.insert(address.monitor(by: process))
      if entry.status != .stopping { tellToEnd(number) }
    }
    while !waitedFor.isEmpty {
      switch try process.receive().mail {
      case .down(let down):
        if waitedFor.remove(down.monitor) != nil, let number = table.unbind(down.process) { forget(number) }
      case .killDue(let id): kill(id)
      default: break
      }
    }
  }

  /// Tells a child to exit, and sets a timer to kill it at its deadline; does not wait.
  mutating func tellToEnd(_ number: Int) {
    guard let entry = table[number], let address = entry.address else { return }
    table[number]?.status = .stopping
    address.exit(entry.child.shutdown == .kill ? .killed : .shutdown)
    if case .after(let deadline) = entry.child.shutdown {
      table[number]?.killTimer = process.sendAfter(deadline, to: process.ref, .init(.killDue(address.id)))
    }
  }

  /// Kills a child that has not ended by its deadline.
  func kill(_ id: ProcessID) {
    if let number = table.number(of: id), let entry = table[number] { entry.address?.exit(.killed) }
  }
}
