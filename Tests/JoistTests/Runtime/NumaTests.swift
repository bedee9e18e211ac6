// SPDX-License-Identifier: Apache-2.0
//
// Several NUMA nodes: how they are read, and that schedulers, memory and work stay on their own node.

import CJoist
import Joist
import TestSupport
import Testing

@Suite struct NumaTests {
  @Test func `I4: nodes are read from the system's files, those without a processor left out`() {
    let files = [
      "/sys/devices/system/node/online": "0,2-3\n",
      "/sys/devices/system/node/node0/cpulist": "0-3,8-9\n",
      "/sys/devices/system/node/node2/cpulist": "4-7\n",
      "/sys/devices/system/node/node3/cpulist": "\n",
    ]
    let topology = NumaTopology.read({ files[$0] }, isAllowed: { $0 != 2 })
    #expect(topology.processors == [[0, 1, 3, 8, 9], [4, 5, 6, 7]])
    #expect((0..<12).map(topology.node(ofProcessor:)) == [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0])
    #expect(NumaTopology.read({ files[$0] }, isAllowed: { $0 > 3 && $0 < 8 }).count == 1)
    #expect(NumaTopology.read({ _ in nil }, isAllowed: { _ in true }) == .single)
    #expect(NumaTopology.read({ $0.hasSuffix("online") ? "0" : "0-1" }, isAllowed: { _ in true }) == .single)
  }

  @Test(arguments: ["", "\n", "a", "1-", "-1", "3-2", "1-2-3", "0-99999999", "1,,x"])
  func `I4: a line that is not a list of numbers is rejected`(line: String) {
    #expect(NumaTopology.numbers(inList: line) == nil)
  }

  @Test func `I4: schedulers are spread over nodes as processors are`() {
    let even = NumaTopology([[0, 1], [2, 3]])
    #expect(even.share(4) == [0..<2, 2..<4] && even.share(2) == [0..<1, 1..<2] && even.share(1) == [0..<0, 0..<1])
    #expect(NumaTopology([[0, 1, 2], [3]]).share(8) == [0..<6, 6..<8])
    #expect(NumaTopology.single.share(7) == [0..<7])
    let many = NumaTopology((0..<40).map { [$0] })
    #expect(many.count == 16 && many.processors[15] == Array(15..<40) && many.share(40).last == 15..<40)
  }

  @Test(.enabled(if: joist_processors_allowed() > 1))
  func `I4: a thread stays on the processors of its node`() throws {
    let allowed = (0..<1_024).filter { joist_processor_is_allowed(Int32($0)) }
    let only = try #require(allowed.last)
    let kept = Count()
    let thread = try HostPlatform.shared.startThread(named: "test") {
      HostPlatform.shared.stay(onProcessors: [only])
      for _ in 0..<1_000 where joist_current_processor() == Int32(only) {
        relinquishProcessor()
        kept.add()
      }
    }
    thread?.join()
    #expect(kept.total == 1_000 && allowed == (0..<1_024).filter { joist_processor_is_allowed(Int32($0)) })
  }

  @Test func `I4: records and stack slots come from the node on which they are used, and go back there`() throws {
    let simulation = try HandDriven(.init(schedulers: 2, slots: 512), numa: .init([[0], [1]]))
    let runtime = simulation.runtime
    #expect(runtime.statistics.schedulers.map(\.numaNode) == [0, 1])
    for round in 0..<6 {
      for node in 0...1 {
        simulation.platform.currentNode = node
        let made = Log<ProcessRef<Int>>()
        runtime.spawn { process in
          for _ in 0..<30 { made.add(process.spawn(Int.self) { _ = try $0.receive() }) }
        }
        while case .ran = runtime.step(node) {}
        #expect(made.entries.allSatisfy { runtime.nodes($0) == [node, node] }, "round \(round), node \(node)")
        // They end on the other node.
        simulation.platform.currentNode = 1 - node
        runtime.spawn { _ in for ref in made.entries { ref.send(1) } }
        while case .ran = runtime.step(1 - node) {}
        for number in 0...1 { runtime.unload(number) }
        #expect(runtime.processes.isEmpty)
      }
    }
  }

  @Test func `I4: blocks go back to the node whose memory they are in`() throws {
    let simulation = try HandDriven(.init(schedulers: 2, slots: 4), numa: .init([[0], [1]]))
    let runtime = simulation.runtime
    for node in [0, 1, 0, 1] {
      simulation.platform.currentNode = 1 - node
      let receiver = runtime.spawn(HeapCopy<HeapArray<Int>>.self) { process in
        for number in 0..<500 {
          let array = try process.heap.adopt(process.receive())
          if process.heap.count(of: array) != number % 50 { fatalError("another array") }
          process.heap.collect()
        }
      }
      while case .ran = runtime.step(1 - node) {}
      simulation.platform.currentNode = node
      runtime.spawn { process in
        for number in 0..<500 {
          let array = try process.heap.allocateArray(repeating: number, count: number % 50)
          try receiver.send(copying: array, from: process.heap)
          process.heap.collect()
        }
        for _ in 0..<100 { process.spawn { try $0.yield() } }
      }
      _ = runtime.step(node)
      simulation.run()
      #expect(runtime.processes.isEmpty)
      for number in 0...1 { runtime.unload(number) }
      #expect(runtime.strayBlocks == 0)
    }
  }

  @Test func `I4: a thief takes from its own node first, and from other nodes when that one has no work`() throws {
    for _ in 0..<20 {
      let simulation = try HandDriven(.init(schedulers: 4), numa: .init([[0, 1], [2, 3]]))
      let runtime = simulation.runtime
      let ran = Log<[Int]>()
      for node in 0...1 {
        simulation.platform.currentNode = node
        runtime.spawn { process in
          let parent = process.schedulerIndex
          for _ in 0..<10 { process.spawn { ran.add([parent, $0.schedulerIndex]) } }
        }
        // One of the two schedulers of the node runs it; only that one makes a step.
        for number in [2 * node, 2 * node + 1] { _ = runtime.step(number) }
      }
      let owners = Set(ran.entries.map { $0[0] })
      #expect(ran.entries.allSatisfy { $0[0] / 2 == $0[1] / 2 }, "\(owners)")
      // One node finishes its own work; then its thief takes work of the other node.
      while ran.entries.filter({ $0[0] >= 2 }).count < 10 { for number in 2...3 { _ = runtime.step(number) } }
      let before = ran.entries.count
      _ = runtime.step(3)
      #expect(ran.entries.count == before + 1 && ran.entries[before][0] < 2 && ran.entries[before][1] == 3)
      simulation.run()
    }
  }

  @Test func `I4: a sleeping scheduler of the wanted node is found first`() {
    let sleeping = SchedulerSet()
    for number in [1, 3, 5, 6, 130] { sleeping.insert(number) }
    #expect(sleeping.popLowest(in: 4..<8) == 5 && sleeping.popLowest(in: 4..<8) == 6)
    #expect(sleeping.popLowest(in: 4..<8) == nil && sleeping.popLowest(in: 128..<192) == 130)
    #expect(sleeping.popLowest() == 1 && sleeping.popLowest() == 3 && sleeping.isEmpty)
  }

  @Test func `I4: a process that a thread makes ready goes to the node that the thread runs on`() throws {
    let simulation = try HandDriven(.init(schedulers: 4), numa: .init([[0, 1], [2, 3]]))
    let runtime = simulation.runtime
    for node in [0, 1, 1, 0] {
      simulation.platform.currentNode = node
      let ran = Log<Int>()
      for _ in 0..<2 { runtime.spawn { ran.add($0.schedulerIndex) } }
      for number in [2 * node, 2 * node + 1] { _ = runtime.step(number) }
      #expect(ran.entries.sorted() == [2 * node, 2 * node + 1])
    }
  }
}
