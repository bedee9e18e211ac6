// SPDX-License-Identifier: Apache-2.0
//
// Misuse of a heap ends the process that misuses it, with an error message.

import Joist
import TestSupport
import Testing

/// A box that carries a value out of its process past the compiler's check.
private final class Smuggled<Value>: @unchecked Sendable {
  var value: Value?
}

@Suite struct HeapRefusalTests {
  private let leadsNowhere = "Joist: a heap reference was followed that leads nowhere"
  private let elsewhere = "where its process does not run"

  @Test func `P4: following a reference that a collection did not keep ends the process`() throws {
    let said = try saying(leadsNowhere) { process in
      let heap = process.heap
      let lost = try heap.allocate(1)
      var kept = try heap.allocate(2)
      heap.collect(keeping: &kept)
      crashUnless(heap[kept] == 2)
      _ = heap[lost]
    }
    #expect(said.contains(leadsNowhere))
  }

  @Test func `P4: writing through a reference that a collection did not keep ends the process`() throws {
    let said = try saying(leadsNowhere) { process in
      let lost = try process.heap.allocate(1)
      process.heap.collect()
      process.heap[lost] = 3
    }
    #expect(said.contains(leadsNowhere))
  }

  @Test func `P4: a stale reference does not lead to the object that now has its memory`() throws {
    let said = try saying(leadsNowhere) { process in
      let heap = process.heap
      let lost = try heap.allocateArray([1, 2, 3])
      heap.collect()
      _ = try heap.allocateArray([4, 5, 6])
      _ = heap[lost, 0]
    }
    #expect(said.contains(leadsNowhere))
  }

  /// Returns the exit reason of a process that uses what belongs to another, living process.
  ///
  /// The owner takes the loot with `take` and spawns a process that uses it in `body`. When that process has ended, the
  /// owner checks with `look` that its own heap is intact.
  private func thief<Loot>(
    of take: @escaping @Sendable (ProcessContext<Down>) throws -> Loot,
    look: @escaping @Sendable (ProcessContext<Down>, Loot) -> Bool,
    _ body: @escaping @Sendable (ProcessContext<Never>, Loot) throws -> Void
  ) throws -> ExitReason {
    let loot = Smuggled<Loot>()
    let reasons = Log<ExitReason>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Down.self) { process in
        loot.value = try take(process)
        process.spawnMonitored(down: { $0 }) { try body($0, loot.value!) }
        reasons.add(try process.receive().reason)
        crashUnless(look(process, loot.value!))
      }
    }
    return try #require(reasons.entries.first)
  }

  @Test func `P5: following a reference of another process ends the process`() throws {
    let said = try saying(leadsNowhere) {
      try thief(of: { try $0.heap.allocate(1) }, look: { $0.heap[$1] == 1 }) { process, ref in
        _ = try process.heap.allocate(2)
        _ = process.heap[ref]
      }
    }
    #expect(said.contains(leadsNowhere))
  }

  @Test func `P5: following a reference of the record's earlier process ends the process`() throws {
    let smuggled = Smuggled<HeapRef<Int>>()
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 10))
    let first = simulation.runtime.spawn { process in smuggled.value = try process.heap.allocate(1) }
    simulation.run()
    let log = Log<ExitReason>()
    let slots = Log<Bool>()
    // The record, and with it the heap, belongs to another process by now.
    simulation.runtime.spawn { process in
      slots.add(process.id.slot == first.id.slot)
      _ = try process.heap.allocate(2)
      _ = process.heap[smuggled.value!]
    }
    simulation.run()
    log.add(.normal)
    #expect(slots.entries == [true])
    #expect(simulation.runtime.statistics.trapsContained == 1)
  }

  @Test(arguments: ["allocate", "array", "collect", "elements", "statistics"])
  func `P5: using the heap of another process ends the process`(how: String) throws {
    let said = try saying(elsewhere) {
      try thief(of: { ($0.heap, try $0.heap.allocateArray([1])) }, look: { $0.heap[$1.1, 0] == 1 }) { _, loot in
        let (heap, array) = loot
        switch how {
        case "allocate": _ = try heap.allocate(1)
        case "array": _ = try heap.allocateArray([1])
        case "collect": heap.collect()
        case "elements": heap.withElements(of: array) { _ in }
        default: _ = heap.statistics
        }
      }
    }
    #expect(said.contains(elsewhere), "\(said)")
  }

  @Test func `P5: using the heap of an ended process ends the process`() throws {
    let smuggled = Smuggled<(ProcessHeap, HeapRef<Int>)>()
    _ = try end { process in smuggled.value = (process.heap, try process.heap.allocate(1)) }
    #expect(try saying(leadsNowhere) { _ in _ = smuggled.value!.0[smuggled.value!.1] }.contains(leadsNowhere))
    #expect(try saying(elsewhere) { _ in _ = try smuggled.value!.0.allocate(1) }.contains(elsewhere))
  }

  @Test func `P5: using the process's heap in a blocking closure ends the process`() throws {
    let smuggled = Smuggled<ProcessHeap>()
    let said = try saying(elsewhere) { process in
      smuggled.value = process.heap
      process.blocking { _ = try? smuggled.value!.allocate(1) }
    }
    #expect(said.contains(elsewhere), "\(said)")
  }

  @Test func `P4: allocating or collecting while elements are lent ends the process`() throws {
    let allocating = try saying("within `withElements`") { process in
      let heap = process.heap
      // After the first value, allocation takes the inlined path, without a call.
      _ = try heap.allocate(1)
      let array = try heap.allocateArray([1, 2])
      try heap.withElements(of: array) { _ in _ = try heap.allocate(1) }
    }
    #expect(allocating.contains("within `withElements`"))
    let collecting = try saying("within `withElements`") { process in
      let heap = process.heap
      let array = try heap.allocateArray([1, 2])
      heap.withMutableElements(of: array) { _ in heap.collect() }
    }
    #expect(collecting.contains("within `withElements`"))
    let filling = try saying("within `withElements`") { process in
      let heap = process.heap
      _ = try heap.allocate(1)
      _ = try heap.allocateArray((0..<3).lazy.map { _ in (try? heap.allocate(1)) == nil ? 0 : 1 })
    }
    #expect(filling.contains("within `withElements`"))
  }

  @Test func `P4: allocation works again after the closure with lent elements returns or throws`() throws {
    struct Refused: Error {}
    let number = try inProcess { process in
      let heap = process.heap
      let array = try heap.allocateArray([1, 2])
      try? heap.withElements(of: array) { elements in
        heap.withElements(of: array) { _ in }
        throw Refused()
      }
      return heap[try heap.allocate(3)]
    }
    #expect(number == 3)
  }

  @Test(arguments: [-1, 3, Int.max, Int.min])
  func `P4: an index out of range ends the process`(index: Int) throws {
    let sentence = "index \(index) is out of range in an array of 3"
    let reading = try saying(sentence) { process in
      _ = process.heap[try process.heap.allocateArray([1, 2, 3]), index]
    }
    #expect(reading.contains(sentence))
    let writing = try saying(sentence) { process in
      process.heap[try process.heap.allocateArray([1, 2, 3]), index] = 0
    }
    #expect(writing.contains(sentence))
  }

  @Test func `P4: a negative count of elements ends the process`() throws {
    let sentence = "cannot have -1 elements"
    let said = try saying(sentence) { process in _ = try process.heap.allocateArray(repeating: 1, count: -1) }
    #expect(said.contains(sentence))
  }
}

/// Traps unless `holds` is true, for checks in a process, where a test's expectations are not recorded.
func crashUnless(_ holds: Bool) { precondition(holds) }
