// SPDX-License-Identifier: Apache-2.0
//
// A killed process is told of the kill before it is abandoned, wherever in its slice it is.

import Joist
import TestSupport
import Testing

@Suite struct KillTests {
  /// The calls at which a process that was killed is told so.
  enum Hearing: String, CaseIterable {
    case reduce, yield, receive, receiveWithin, sleep, hibernate, call, join, link, wait

    fileprivate func make(_ process: ProcessContext<Int>, _ other: ProcessRef<Never>) throws {
      switch self {
      case .reduce: try process.reduce(1)
      case .yield: try process.yield()
      case .receive: _ = try process.receive()
      case .receiveWithin: _ = try process.receive(timeout: .seconds(1))
      case .sleep: try process.sleep(for: .seconds(1))
      case .hibernate: try process.hibernate()
      case .call: _ = try process.call(process.ref) { (_: ReplyTo<Int>) in 1 }
      case .join: _ = try process.join(other)
      case .link: try process.link(other)
      case .wait: _ = try process.receive { $0 < 0 }
      }
    }
  }

  @Test(arguments: Hearing.allCases)
  func `L1: a killed process unwinds, wherever in its slice it is told of the kill`(_ hearing: Hearing) throws {
    for slice in [1, 2, 3, 16, 40] {
      for spent in 0...slice + 8 {
        // These runtimes are not shut down. Each has two stacks only, for guards split mappings in emulation.
        let simulation = try HandDriven(.init(schedulers: 1, slots: 2))
        let unwound = Count()
        let other = simulation.runtime.spawn { process in try process.sleep(for: .seconds(3_600)) }
        simulation.runtime.spawn(Int.self, options: .init(reductionsPerSlice: slice)) { process in
          defer { unwound.add() }
          if spent > 0 { try process.reduce(spent) }
          process.ref.exit(.killed)
          while true { try hearing.make(process, other) }
        }
        simulation.run(passingTime: false)
        let counters = simulation.runtime.statistics
        #expect(unwound.total == 1 && counters.processesAbandoned == 0, "slice \(slice), spent \(spent)")
      }
    }
  }

  @Test(arguments: [1, 16, 200])
  func `L1: a process that is killed by another at the end of its slice unwinds`(slice: Int) throws {
    let simulation = try HandDriven()
    let unwound = Count()
    for spent in 1...slice + 8 {
      let victim = simulation.runtime.spawn(options: .init(reductionsPerSlice: slice)) { process in
        defer { unwound.add() }
        while true { try process.reduce(spent) }
      }
      simulation.runtime.spawn { _ in victim.exit(.killed) }
      simulation.run(passingTime: false)
    }
    #expect(unwound.total == slice + 8 && simulation.runtime.statistics.processesAbandoned == 0)
  }

  @Test func `L1: a process that is killed while it ends is told of the kill, and has a slice to end in`() throws {
    for spent in 0...40 {
      let simulation = try HandDriven()
      let log = Log<String>()
      simulation.runtime.spawn(options: .init(reductionsPerSlice: 32)) { process in
        defer {
          process.ref.exit(.killed)
          do { try process.reduce(1) } catch { log.add("told") }
        }
        process.ref.exit(.shutdown)
        try process.reduce(spent)
      }
      simulation.run(passingTime: false)
      #expect(log.entries == ["told"] && simulation.runtime.statistics.processesAbandoned == 0, "spent \(spent)")
    }
  }

  @Test func `L1: a killed process that swallows its exit is abandoned after sixteen more calls`() throws {
    let simulation = try HandDriven()
    let told = Count()
    simulation.runtime.spawn(Int.self) { process in
      process.ref.exit(.killed)
      while true { do { _ = try process.receive() } catch { told.add() } }
    }
    simulation.run(passingTime: false)
    #expect(simulation.runtime.statistics.processesAbandoned == 1)
    #expect((2...18).contains(told.total), "told \(told.total) times")
  }
}
