// SPDX-License-Identifier: Apache-2.0
//
// Reports of crashes of a supervisor's children.

import Joist
import JoistSupervision
import TestSupport
import Testing

@Suite struct ChildReportTests {
  @Test func `P5: a child's crash is reported with its name, its supervisor and its attempt`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne, intensity: 10) { stage.worker("store") })
    for attempt in 1...3 {
      let id = try #require(try stage.child("store", of: top)?.process)
      try stage.end("store", of: top)
      let report = try #require(stage.runtime.recentReports.last)
      #expect(report.child?.name == "store" && report.child?.supervisor == top.id)
      #expect(report.child?.attempt == attempt && report.child?.supervisorName == nil)
      let text = "process \(id) (child 'store' of \(top.id), attempt \(attempt)) ended: error: Failure()"
      #expect("\(report)" == text)
    }
  }

  @Test func `P5: a supervisor is reported by its registered name, else by its name as a child`() throws {
    let stage = try Stage()
    let inner = Supervisor(.oneForOne, intensity: 10) { stage.worker("a") }
    let top = try stage.start(
      Supervisor(.oneForOne) {
        Child("unregistered", supervisor: inner)
        Child("inner", options: .init(name: "registered"), supervisor: inner)
      }
    )
    for (child, name) in [("unregistered", "unregistered"), ("inner", "registered")] {
      let below = try #require(try stage.child(child, of: top)?.ref(as: Supervisor.Message.self))
      try stage.end("a", of: below)
      #expect(stage.runtime.recentReports.last?.child?.supervisorName == name)
    }
  }

  @Test func `O2: restarts are counted by supervisor, up to 99 names`() throws {
    let stage = try Stage()
    let rules = Supervisor(.oneForOne, intensity: 1_000) { stage.worker("a") }
    for name in ["inner", nil] + (0..<100).map({ "\($0)" }) {
      let top = try stage.start(rules)
      if let name { try stage.runtime.register(top, as: name) }
      for _ in 0..<(name == "inner" ? 3 : 1) { try stage.end("a", of: top) }
    }
    let statistics = stage.runtime.statistics
    #expect(statistics.restarts == 104 && statistics.restartsBySupervisor.count == 100)
    #expect(statistics.restartsBySupervisor["inner"] == 3 && statistics.restartsBySupervisor["unnamed"] == 1)
    #expect(statistics.restartsBySupervisor["96"] == 1 && statistics.restartsBySupervisor["other"] == 3)
  }

  @Test func `O1: thirty restarts by a supervisor within five seconds raise an alarm`() throws {
    let stage = try Stage()
    func look() -> [Alarm.Kind] {
      stage.simulation.platform.advance(by: 100_000_000)
      stage.runtime.lookAtAlarms()
      return stage.runtime.recentReports.compactMap { if case .alarm(let alarm) = $0.event { alarm.kind } else { nil } }
    }
    #expect(look() == [])
    let top = try stage.start(Supervisor(.oneForOne, intensity: 100) { stage.worker("store") })
    for restart in 1...30 {
      #expect(look() == [], "before restart \(restart)")
      try stage.end("store", of: top)
    }
    #expect(look() == [.restartStorm])
  }

  @Test func `P5: the report of a process that is not a child names none, whatever its record held before`() throws {
    let stage = try Stage()
    try stage.start(Supervisor(.oneForOne, intensity: 0) { Child("a", Never.self) { _ in throw Failure() } })
    stage.settle()
    for _ in 0..<10 {
      stage.runtime.spawn { _ in throw Failure() }
      stage.settle()
      #expect(stage.runtime.recentReports.last?.child == nil)
    }
  }

  @Test func `P5: a supervisor that ends with its parent is reported as such, and its children are not`() throws {
    let stage = try Stage()
    let found = Found<SupervisorRef>()
    let parent = stage.runtime.spawn(Int.self) { process in
      found.set { try Supervisor(.oneForOne) { stage.worker("a") }.start(linkedTo: process) }
      _ = try process.receive()
      throw Failure()
    }
    stage.settle()
    parent.send(1)
    stage.settle()
    let lines = stage.runtime.recentReports.map { "\($0)" }
    let top = try found.get().id
    #expect(
      lines == [
        "process \(parent.id) ended: error: Failure()",
        "process \(top) ended with \(parent.id), by a link: error: Failure()",
      ]
    )
  }
}
