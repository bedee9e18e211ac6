// SPDX-License-Identifier: Apache-2.0
//
// One process ends and ends others by links: reports tell the first end from those that it caused.

import Joist
import TestSupport
import Testing

private struct Failure: Error {}

extension Report {
  /// The process that ended, and the one whose end ended it: nil if it ended by itself.
  fileprivate var end: (process: ProcessID, origin: ProcessID?)? {
    switch event {
    case .abnormalExit(let process, _, _): (process, nil)
    case .linkedExit(let process, _, let origin, _): (process, origin)
    default: nil
    }
  }
}

@Suite struct LinkReportTests {
  /// Runs four processes, each linked to the next, of which the last runs `die`; returns their identities in order.
  private func chain(
    _ simulation: HandDriven,
    _ die: @escaping @Sendable (ProcessContext<Int>) throws -> Void
  ) -> [ProcessID] {
    let ids = Log<ProcessID>()
    @Sendable func link(_ process: ProcessContext<Int>, _ left: Int) throws {
      ids.add(process.id)
      guard left > 0 else { return try die(process) }
      process.spawnLinked(Int.self) { try link($0, left - 1) }
      _ = try process.receive()
    }
    simulation.runtime.spawn(Int.self) { try link($0, 3) }
    simulation.run()
    return ids.entries
  }

  @Test func `P5: a crash that ends linked processes is reported as one crash, with the processes that ended with it`()
    throws
  {
    for die: @Sendable (ProcessContext<Int>) throws -> Void in [
      { _ in fatalError("the last") }, { _ in throw Failure() }, { try $0.exit(.killed) },
    ] {
      let simulation = try HandDriven()
      let ids = chain(simulation, die)
      let ends = simulation.runtime.recentReports.compactMap(\.end)
      #expect(ends.map(\.process) == ids.reversed())
      #expect(ends.map(\.origin) == [nil, ids[3], ids[3], ids[3]])
      let statistics = simulation.runtime.statistics
      #expect(statistics.abnormalExits == 4 && statistics.linkedExits == 3)
    }
  }

  @Test func `P5: a report says whose end ended a process, and why`() throws {
    let simulation = try HandDriven()
    let ids = chain(simulation) { _ in throw Failure() }
    let lines = simulation.runtime.recentReports.map { "\($0)" }
    #expect(lines.first == "process \(ids[3]) ended: error: Failure()")
    #expect(lines.last == "process \(ids[0]) ended with \(ids[3]), by a link: error: Failure()")
  }

  @Test func `P5: a process that was told of an end by a link and then crashes is reported for its own crash`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let survivor = runtime.spawn(Int.self) { process in
      defer { fatalError("in its end") }
      process.spawnLinked { _ in throw Failure() }
      _ = try process.receive()
    }
    // The next process of the record is not taken for one that the last process's end ended.
    simulation.run()
    let later = runtime.spawn { _ in throw Failure() }
    simulation.run()
    let ends = runtime.recentReports.compactMap(\.end)
    #expect(ends.filter { $0.process == survivor.id }.map(\.origin) == [nil])
    #expect(ends.last?.process == later.id && ends.last?.origin == nil)
    #expect(runtime.statistics.linkedExits == 0)
  }

  @Test func `P5: a process that traps the signal and ends for a reason of its own is reported for that`() throws {
    let simulation = try HandDriven()
    let trapping = simulation.runtime.spawn(ExitReason.self) { process in
      process.trapExits { $0.reason }
      process.spawnLinked { _ in fatalError("the other") }
      _ = try process.receive()
      throw Failure()
    }
    simulation.run()
    let ends = simulation.runtime.recentReports.compactMap(\.end)
    #expect(ends.filter { $0.process == trapping.id }.map(\.origin) == [nil])
  }
}

@Suite struct DeadLetterTests {
  @Test func `I2: a message whose failure its sender was told by an error is no dead letter`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 1_024))
    let runtime = simulation.runtime
    let dead = runtime.spawn(ReplyTo<Int>.self) { _ in }
    let full = runtime.spawn(
      ReplyTo<Int>.self,
      options: .init(mailbox: .bounded(1, whenFull: .fail))
    ) { try $0.sleep(for: .seconds(1)) }
    let log = Log<String>()
    simulation.run(passingTime: false)
    runtime.spawn(Int.self) { process in
      for ref in [dead, full] {
        do { _ = try process.call(ref, timeout: .milliseconds(1)) { $0 } } catch { log.add("call") }
        do { _ = try process.call(ref, timeout: .milliseconds(1)) { $0 } } catch { log.add("call") }
      }
    }
    simulation.run(passingTime: false)
    let numbers = runtime.spawn(Int.self, options: .init(mailbox: .bounded(1, whenFull: .fail))) {
      try $0.sleep(for: .seconds(1))
    }
    try numbers.trySend(1)
    #expect(throws: SendError.mailboxFull) { try numbers.trySend(2) }
    for _ in 0..<4_000 {
      do { _ = try runtime.trySpawn(Int.self) { _ = try $0.receive() } } catch { log.add("\(error)") }
    }
    simulation.pass(nanoseconds: 2_000_000_000)
    #expect(throws: SendError.noProcess) { try numbers.trySend(3) }
    #expect(log.entries.contains("the limit of 1024 processes is reached"))
    let letters = runtime.recentReports.filter { if case .deadLetter = $0.event { true } else { false } }
    #expect(letters.isEmpty, "\(letters)")
    #expect(runtime.statistics.messagesDropped > 0 && runtime.statistics.messagesRefused > 0)
  }
}
