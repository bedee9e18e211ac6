// SPDX-License-Identifier: Apache-2.0
//
// A supervisor ends children.
// SV11. It waits for the end itself, by a monitor, not for the signal of the link: a child that has cut the link is
//       waited for, too. The link stays until then, so a supervisor that is killed while it waits takes the child
//       along.

import Joist

extension SupervisorLoop {
  /// Ends a child as its `shutdown` says and waits for it.
  mutating func stop(_ number: Int) throws {
    guard let entry = table[number] else { return }
    table[number]?.status = .ended
    guard let address = entry.address else { return }
    let monitor = address.monitor(by: process)  // SV11
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

  private func hasEnded(_ monitor: MonitorID, within time: Duration?) throws -> Bool {
    let isIt: @Sendable (Supervisor.Message) -> Bool? = { message in
      if case .down(let down) = message.mail, down.monitor == monitor { true } else { nil }
    }
    guard let time else { return try process.receive(matching: isIt) }
    return try process.receive(matching: isIt, timeout: time) ?? false
  }

  /// Leaves nothing in the mailbox that a process which has ended has told by its link.
  private mutating func cut(_ address: any ChildAddress) throws {
    _ = table.unbind(address.id)
    address.unlink(from: process)
    let id = address.id
    let isOfIt: @Sendable (Supervisor.Message) -> Bool = { message in
      if case .exited(let signal) = message.mail { signal.process == id } else { false }
    }
    postponed.removeAll(where: isOfIt)
    _ = try process.receive(where: isOfIt, timeout: .zero)
  }

  /// Ends all children: in reverse order, or, of a dynamic supervisor, at the same time.
  mutating func stopAll() throws {
    for number in rounds.keys.sorted() {
      if let timer = rounds[number]?.timer { process.cancel(timer) }
    }
    rounds = [:]
    if plan.isDynamic { return try stopTogether() }
    for number in table.numbers.reversed() { try stop(number) }
  }

  /// From here on nothing but ends matters: what others ask is never answered.
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

  /// Tells a child to end, and has itself reminded to kill it.
  mutating func tellToEnd(_ number: Int) {
    guard let entry = table[number], let address = entry.address else { return }
    table[number]?.status = .stopping
    address.exit(entry.child.shutdown == .kill ? .killed : .shutdown)
    if case .after(let deadline) = entry.child.shutdown {
      table[number]?.killTimer = process.sendAfter(deadline, to: process.ref, .init(.killDue(address.id)))
    }
  }

  /// The deadline of a child that was told to end.
  func kill(_ id: ProcessID) {
    if let number = table.number(of: id), let entry = table[number] { entry.address?.exit(.killed) }
  }
}
