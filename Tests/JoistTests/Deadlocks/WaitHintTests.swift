// SPDX-License-Identifier: Apache-2.0
//
// Hints at waits that may last forever, and the value that says that nothing can wake anything.

import Joist
import TestSupport
import Testing

@Suite struct WaitHintTests {
  /// A process that waits forever, whose parent has ended.
  private func orphan(
    in runtime: ProcessRuntime,
    _ wait: @escaping @Sendable (ProcessContext<Int>) throws -> Void
  ) -> Log<ProcessRef<Int>> {
    let refs = Log<ProcessRef<Int>>()
    runtime.spawn { parent in refs.add(parent.spawn(Int.self) { try wait($0) }) }
    return refs
  }

  @Test func `O3: a process that nothing leads to any more is a hint, after it has waited long enough`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let refs = orphan(in: runtime) { _ = try $0.receive() }
    simulation.run()
    #expect(runtime.waitHints().isEmpty)
    simulation.platform.advance(by: 11_000_000_000)
    let hints = runtime.waitHints()
    #expect(hints.map(\.process) == [refs.entries[0].id] && hints.map(\.kind) == [.outOfReach])
    #expect(try #require(hints.first).waitingFor >= .seconds(11))
    // Looking does not wake it.
    simulation.run()
    #expect(runtime.snapshot(of: refs.entries[0].id)?.state == .waiting)
  }

  @Test func `O3: a process with a name, a monitor, a link, a timer, a timeout or a living parent is no such hint`()
    throws
  {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let refs = orphan(in: runtime) { _ = try $0.receive(timeout: .seconds(1_000)) }
    for _ in 0..<4 {
      let more = orphan(in: runtime) { _ = try $0.receive() }
      simulation.run(passingTime: false)
      more.entries.forEach(refs.add)
    }
    let targets = refs.entries
    #expect(targets.count == 5)
    try runtime.register(targets[1], as: "kept")
    runtime.spawn(Int.self) { keeper in
      _ = keeper.monitor(targets[2]) { _ in 0 }
      try keeper.link(targets[3])
      _ = keeper.sendAfter(.seconds(100), to: targets[4], 1)
      keeper.spawn(Int.self) { _ = try $0.receive() }
      _ = try keeper.receive()
    }
    simulation.run(passingTime: false)
    simulation.platform.advance(by: 20_000_000_000)
    #expect(runtime.waitHints() == [])
  }

  @Test func `O3: a call that its callee has passed over in its mailbox is a hint, one that is served is not`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let callee = runtime.spawn(ReplyTo<Int>?.self) { process in
      // Waits for the message nil, which never comes.
      _ = try process.receive(where: { $0 == nil })
    }
    let caller = runtime.spawn { process in _ = try process.call(callee) { (reply: ReplyTo<Int>) in reply } }
    simulation.run()
    simulation.platform.advance(by: 11_000_000_000)
    #expect(runtime.waitHints().map(\.kind) == [.callNotReceived(by: callee.id)])
    #expect(runtime.waitHints().map(\.process) == [caller.id])
    #expect(runtime.waitHints(after: .seconds(60)).isEmpty)
  }

  @Test func `O3: a runtime in which nothing can wake anything says so, with the reasons of the waits`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    #expect(runtime.stall == nil)
    let receiver = runtime.spawn(Int.self) { process in
      _ = try process.receive()
      try process.sleep(for: .seconds(1))
      _ = try process.receive()
    }
    runtime.spawn { process in _ = try process.join(receiver) }
    #expect(runtime.stall == nil)
    simulation.run(passingTime: false)
    #expect(runtime.stall?.waiting == [.receive: 1, .join: 1])
    receiver.send(1)
    simulation.run(passingTime: false)
    #expect(runtime.stall == nil)
    simulation.run()
    #expect(runtime.stall?.waiting == [.receive: 1, .join: 1])
  }
}
