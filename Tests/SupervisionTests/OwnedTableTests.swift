// SPDX-License-Identifier: Apache-2.0
//
// Tables: who may read and write them, what readers see, and what becomes of a table when its owner ends.

import Joist
import JoistSupervision
import Synchronization
import TestSupport
import Testing

private typealias Table = OwnedTable<TableMap<String, Int>>

/// What the owners and heirs in these tests are told.
private enum Mail: Sendable {
  case stop
  case crash
  case table(Table)
  case inherited(from: ProcessID)
  case down(Down)
}

/// A value that crashes when it is destroyed.
private final class Bomb: Sendable { deinit { fatalError("the bomb") } }

/// Starts a process that makes a table, sends it, and waits to be told to end.
private func startOwner(
  _ runtime: ProcessRuntime,
  _ log: Log<Table>,
  _ writers: TableWriters = .owner,
  prepare: @escaping @Sendable (Table) throws -> Void = { _ in }
) -> ProcessRef<Mail> {
  runtime.spawn(Mail.self) { process in
    let table = Table(TableMap(), ownedBy: process, writers: writers)
    try table.updateValue(1, forKey: "one")
    try prepare(table)
    log.add(table)
    if case .crash = try process.receive() { fatalError("the owner") }
  }
}

@Suite struct OwnedTableTests {
  @Test func `M4: processes and threads read a table while its owner does something else`() throws {
    let simulation = try HandDriven()
    let (tables, read) = (Log<Table>(), Log<Int?>())
    let owner = startOwner(simulation.runtime, tables)
    simulation.run()
    let table = tables.entries[0]
    simulation.runtime.spawn { _ in read.add(try table["one"]) }
    simulation.run()
    #expect(read.entries == [1] && table.owner == owner.id)
    #expect(try table["one"] == 1 && table["two"] == nil && table.count == 1)
  }

  @Test func `M4: only the owner writes, unless all may`() throws {
    let simulation = try HandDriven()
    let tables = Log<Table>()
    let owner = startOwner(simulation.runtime, tables)
    _ = startOwner(simulation.runtime, tables, .all)
    simulation.run()
    let (own, open) = (tables.entries[0], tables.entries[1])
    let errors = Log<TableError>()
    simulation.runtime.spawn { process in
      let tries: [() throws -> Void] = [
        { try own.updateValue(2, forKey: "one") }, { try own.remove() }, { try own.give(to: process.ref) },
        { try open.give(to: process.ref) },
      ]
      for attempt in tries { do { try attempt() } catch let error as TableError { errors.add(error) } }
      try open.updateValue(2, forKey: "one")
    }
    simulation.run()
    #expect(errors.entries.prefix(3).allSatisfy { $0 == .notOwner(owner.id) } && errors.entries.count == 4)
    #expect(throws: TableError.notOwner(owner.id)) { try own.insert(3, forKey: "three") }
    #expect(try own["one"] == 1 && open["one"] == 2 && open.insert(3, forKey: "three") && open.count == 2)
    #expect(try !open.insert(4, forKey: "three") && open.removeValue(forKey: "three") == 3 && open.count == 1)
  }

  @Test(.threadsAndSeeds, .timeLimit(.minutes(15)))
  func `M4: no change by several writers is lost, and a reader sees each change as a whole`() throws {
    let (writers, each) = (4, size(2_000, seeds: 8))
    let wrong = Count()
    let total = Log<Int?>()
    _ = try onRuntime { runtime in
      runtime.spawn(Mail.self) { process in
        let table = Table(TableMap(), ownedBy: process, writers: .all)
        for _ in 0..<writers {
          process.spawnMonitored(down: Mail.down) { child in
            for _ in 0..<each {
              try table.update { contents in
                contents["a"] = (contents["a"] ?? 0) + 1
                contents["b"] = (contents["b"] ?? 0) + 1
              }
              let seen = try table.contents
              if seen["a"] != seen["b"] { wrong.add() }
              try child.yield()
            }
          }
        }
        for _ in 0..<writers { _ = try process.receive() }
        total.add(try table["b"])
      }
    }
    #expect(wrong.total == 0 && total.entries == [writers * each])
  }

  @Test(.threadsAndSeeds, .timeLimit(.minutes(15)), arguments: [Mail.stop, .crash])
  fileprivate func `M4: a table is gone when a monitor is told of its owner's end, in whatever way`(
    _ last: Mail
  ) throws {
    let seen = Log<Bool>()
    _ = try onRuntime { runtime in
      runtime.spawn(Mail.self) { process in
        let back = process.ref
        let owner = process.spawnMonitored(Mail.self, down: Mail.down) { child in
          let table = Table(TableMap(), ownedBy: child)
          back.send(.table(table))
          if case .crash = try child.receive() { fatalError("the owner") }
        }
        guard case .table(let table) = try process.receive() else { return }
        let isThere = table.owner == owner.ref.id
        owner.ref.send(last)
        _ = try process.receive()
        do throws(TableError) { _ = try table.contents } catch {
          seen.add(isThere && error == .gone && table.owner == nil)
        }
      }
    }
    #expect(seen.entries == [true])
  }

  @Test(.threadsAndSeeds, .timeLimit(.minutes(15)))
  func `M4: an heir gets the table of an owner that has ended, with all that is in it`() throws {
    let got = Log<Bool>()
    _ = try onRuntime { runtime in
      runtime.spawn(Mail.self) { process in
        let heir = process.ref
        let owner = process.spawn(Mail.self) { child in
          let table = Table(TableMap(), ownedBy: child)
          try table.updateValue(1, forKey: "one")
          try table.setHeir(heir) { .inherited(from: $0) }
          heir.send(.table(table))
          _ = try child.receive()
          fatalError("the owner")
        }
        guard case .table(let table) = try process.receive() else { return }
        owner.send(.stop)
        guard case .inherited(owner.id) = try process.receive() else { return }
        try table.updateValue(2, forKey: "two")
        got.add(try table.owner == heir.id && table["one"] == 1 && table["two"] == 2)
      }
    }
    #expect(got.entries == [true])
  }

  @Test func `M4: a table whose heir has ended goes with its owner, and so does one that was given away`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let tables = Log<Table>()
    let (heir, next) = (sleeper(simulation), sleeper(simulation))
    let owner = startOwner(runtime, tables) { try $0.setHeir(heir) { _ in 0 } }
    let giver = startOwner(runtime, tables) { table in
      try table.setHeir(heir) { _ in 0 }
      try table.give(to: next)
    }
    simulation.run()
    heir.send(0)
    simulation.run()
    for ref in [owner, giver] { ref.send(.stop) }
    simulation.run()
    #expect(tables.entries[0].owner == nil && tables.entries[1].owner == next.id)
    #expect(try tables.entries[1]["one"] == 1)
    next.send(0)
    simulation.run()
    #expect(throws: TableError.gone) { try tables.entries[1]["one"] }
  }

  @Test func `M4: a table is not given to a process that has ended, nor willed to it`() throws {
    let simulation = try HandDriven()
    let (tables, errors) = (Log<Table>(), Log<TableError>())
    let dead = sleeper(simulation)
    dead.send(0)
    simulation.run()
    _ = startOwner(simulation.runtime, tables) { table in
      do throws(TableError) { try table.give(to: dead) } catch { errors.add(error) }
      do throws(TableError) { try table.setHeir(dead) { _ in 0 } } catch { errors.add(error) }
    }
    simulation.run()
    #expect(errors.entries == [.noProcess, .noProcess] && tables.entries[0].owner != nil)
  }

  @Test func `P5: a change that crashes or throws leaves the table as it was`() throws {
    let simulation = try HandDriven()
    let tables = Log<Table>()
    _ = startOwner(simulation.runtime, tables, .all)
    simulation.run()
    let table = tables.entries[0]
    simulation.runtime.spawn { _ in
      try table.update { contents in
        contents["one"] = 5
        fatalError("in the middle")
      }
    }
    simulation.run()
    #expect(throws: CancellationError.self) {
      try table.update { contents in
        contents["one"] = 6
        throw CancellationError()
      }
    }
    #expect(try table["one"] == 1 && table.update("one") { $0.take() } == 1 && table.count == 0)
  }

  @Test func `P5: contents whose deinit crashes end no owner and no heir`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let (kept, ends) = (Log<OwnedTable<TableMap<Int, Bomb>>>(), Log<ExitReason>())
    let owner = runtime.spawn(Int.self) { process in
      let table = OwnedTable(TableMap<Int, Bomb>(), ownedBy: process)
      try table.updateValue(Bomb(), forKey: 1)
      kept.add(table)
      _ = try process.receive()
    }
    owner.onEnd { ends.add($0) }
    simulation.run()
    owner.send(0)
    simulation.run()
    guard case .normal = ends.entries.first else { return #expect(Bool(false), "\(ends.entries)") }
    #expect(runtime.statistics.trapsContained == 1 && kept.entries[0].owner == nil)
  }

  @Test func `M4: a table that nothing refers to is destroyed, and its owner is watched no longer`() throws {
    let simulation = try HandDriven()
    let tracker = Count()
    let isGone = Log<Bool>()
    let owner = simulation.runtime.spawn(Int.self) { process in
      for _ in 0..<100 { _ = OwnedTable([Kept(tracker)], ownedBy: process) }
      isGone.add(tracker.total == 0)
      _ = try process.receive()
    }
    simulation.run()
    #expect(isGone.entries == [true])
    owner.send(0)
    simulation.run()
  }
}

/// An object that is counted while it lives.
private final class Kept: Sendable {
  private let living: Count

  init(_ living: Count) {
    self.living = living
    living.add()
  }

  deinit { living.add(-1) }
}

private func sleeper(_ simulation: HandDriven) -> ProcessRef<Int> {
  simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
}
