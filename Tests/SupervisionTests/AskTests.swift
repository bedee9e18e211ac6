// SPDX-License-Identifier: Apache-2.0
//
// Requests to a running supervisor.

import Joist
import JoistSupervision
import TestSupport
import Testing

private func text<Value>(_ result: Result<Value, SupervisorError>) -> String {
  switch result {
  case .success: "done"
  case .failure(let error): "\(error)"
  }
}

@Suite struct AskTests {
  @Test func `P5: a terminated child stays ended until a request restarts or deletes it`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne) {
        stage.worker("a")
        stage.worker("b")
      }
    )
    stage.log.clear()
    let answers = try stage.inProcess { process in
      [
        text(try process.call(top) { .deleteChild("a", $0) }),
        text(try process.call(top) { .restartChild("a", $0) }),
        text(try process.call(top) { .terminateChild("a", $0) }),
        text(try process.call(top) { .terminateChild("a", $0) }),
        text(try process.call(top) { .restartChild("a", $0) }),
        text(try process.call(top) { .terminateChild("a", $0) }),
        text(try process.call(top) { .deleteChild("a", $0) }),
        text(try process.call(top) { .restartChild("a", $0) }),
      ]
    }
    #expect(
      answers == [
        "the child 'a' has not ended", "the child 'a' has not ended", "done", "done", "done", "done", "done",
        "there is no child 'a'",
      ]
    )
    #expect(stage.log.entries == ["-a", "+a", "-a"])
    #expect(try stage.children(of: top).map(\.name) == ["b"])
  }

  @Test func `P5: an unknown child cannot be terminated, by name or by process`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne) { stage.worker("a") })
    let answers = try stage.inProcess { process in
      [
        text(try process.call(top) { .terminateChild("x", $0) }),
        text(try process.call(top) { .terminateChild(process.id, $0) }),
        process.id.description,
      ]
    }
    #expect(Array(answers.prefix(2)) == ["there is no child 'x'", "there is no child '\(answers[2])'"])
  }

  @Test func `P5: an added child starts behind the others, and is refused if its name is taken`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne) { stage.worker("a") })
    let (more, bad) = (stage.worker("b"), Child("bad", Int.self, options: .init(reductionsPerSlice: 0)) { _ in })
    let answers = try stage.inProcess { process in
      [
        text(try process.call(top) { .startChild(more, $0) }),
        text(try process.call(top) { .startChild(more, $0) }),
        String(text(try process.call(top) { .startChild(bad, $0) }).prefix(38)),
      ]
    }
    #expect(answers == ["done", "two children have the name 'b'", "the child 'bad' did not start: error: "])
    #expect(try stage.children(of: top).map(\.name) == ["a", "b"])
    stage.log.clear()
    top.exit()
    stage.settle()
    #expect(stage.log.entries == ["-b", "-a", "top: shutdown"])
  }

  @Test func `P5: a terminated temporary child is forgotten`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne) { stage.worker("a", restart: .temporary) })
    try stage.inProcess { try $0.call(top) { .terminateChild("a", $0) }.get() }
    #expect(try stage.children(of: top).isEmpty)
  }

  @Test func `P5: the children are listed with their names, kinds, restarts and states, and refs by type`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne) {
        stage.worker("a", restart: .transient)
        Child("inner", supervisor: Supervisor(.oneForOne) { stage.worker("b") })
      }
    )
    try stage.end("a", of: top)
    let children = try stage.children(of: top)
    #expect(children.map(\.name) == ["a", "inner"] && children.map(\.isSupervisor) == [false, true])
    #expect(children.map(\.restart) == [.transient, .permanent] && children.map(\.restarts) == [1, 0])
    #expect(children[0].ref(as: ExitReason.self)?.id == children[0].process)
    #expect(children[0].ref(as: Int.self) == nil)
    let inner = try #require(children[1].ref(as: Supervisor.Message.self))
    #expect(try stage.children(of: inner).map(\.name) == ["b"])
    let count = try stage.inProcess { try $0.call(top) { .count($0) } }
    #expect(count.children == 2 && count.running == 2 && count.supervisors == 1)
  }

  @Test func `P5: an inner supervisor that gives up is restarted by the outer one, with its children`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne) {
        Child(
          "inner",
          supervisor: Supervisor(.oneForOne, intensity: 0) {
            stage.worker("a")
            stage.worker("b")
          }
        )
      }
    )
    let inner = try #require(try stage.child("inner", of: top)?.ref(as: Supervisor.Message.self))
    try stage.end("a", of: inner)
    #expect(stage.log.entries == ["-a", "-b", "+a", "+b"])
    #expect(!inner.isAlive && top.isAlive)
    #expect(try stage.child("inner", of: top)?.restarts == 1)
  }

  @Test func `P5: the error of a child that fails two supervisors down names each supervisor on the path`() throws {
    let stage = try Stage()
    let error = #expect(throws: SupervisorError.self) {
      try stage.start(
        Supervisor(.oneForOne) {
          Child(
            "inner",
            supervisor: Supervisor(.oneForOne) {
              Child("bad", server: { [log = stage.log] in Frail(log: log, starts: Count(), goodStarts: 0) })
            }
          )
        }
      )
    }
    #expect(
      "\(try #require(error))"
        == "the child 'inner' did not start: error: the child 'bad' did not start: error: Failure()"
    )
  }
}
