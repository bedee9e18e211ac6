// SPDX-License-Identifier: Apache-2.0
//
// Starting supervisors, and the errors of starts that fail.

import Joist
import JoistSupervision
import TestSupport
import Testing

@Suite struct StartTests {
  /// Returns the description of the error that the body throws.
  private func message(of body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return "nothing thrown"
  }

  @Test func `P5: children are started in order, each when the one before has started`() throws {
    let stage = try Stage()
    try stage.start(
      Supervisor(.oneForOne) {
        Child("slow", server: { [log = stage.log] in Slow(log: log) })
        stage.worker("next")
      }
    )
    #expect(stage.log.entries == ["started", "+next"])
  }

  @Test func `P5: a child that ends while a later one starts is restarted after all have started`() throws {
    let stage = try Stage()
    let (log, starts) = (stage.log, Count())
    let top = try stage.start(
      Supervisor(.oneForAll) {
        for name in ["a", "b"] {
          Child(name, Int.self) { process in
            log.add("+" + name)
            starts.add()
            if starts.total > 2 { _ = try process.receive() }
          }
        }
        Child("slow", server: { Slow(log: log) })
      }
    )
    #expect(log.entries == ["+a", "+b", "started", "+a", "+b", "started"])
    #expect(try stage.children(of: top).map(\.restarts) == [1, 1, 1])
  }

  @Test func `P5: a supervisor without children starts, and ends when told`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForAll) {})
    #expect(try stage.children(of: top).isEmpty)
    top.exit()
    stage.settle()
    #expect(stage.log.entries == ["top: shutdown"])
  }

  @Test func `P5: two children with the same name are refused before any child starts`() throws {
    let stage = try Stage()
    let text = message {
      try stage.start(
        Supervisor(.oneForOne) {
          stage.worker("a")
          stage.worker("b")
          stage.worker("a")
        }
      )
    }
    #expect(text == "two children have the name 'a'")
    #expect(stage.log.entries.isEmpty)
  }

  @Test func `P5: a permanent child cannot be significant`() throws {
    let stage = try Stage()
    let text = message { try stage.start(Supervisor(.oneForOne) { stage.worker("a", isSignificant: true) }) }
    #expect(text == "the child 'a' is permanent, so it cannot be significant")
  }

  @Test func `P5: a significant child is refused by a supervisor whose autoShutdown is never`() throws {
    let stage = try Stage()
    let worker = stage.worker("a", restart: .transient, isSignificant: true)
    let refusal = "the child 'a' is significant, but its supervisor's `autoShutdown` is `.never`"
    #expect(message { try stage.start(Supervisor(.oneForOne) { worker }) } == refusal)
    let inner = Child("inner", supervisor: Supervisor(.oneForOne) { worker })
    #expect(
      message { try stage.start(Supervisor(.oneForOne) { inner }) }
        == "the child 'inner' did not start: error: \(refusal)"
    )
    let running = [try stage.start(Supervisor(.oneForOne) {}), try stage.start(DynamicSupervisor())]
    for top in running {
      let text = message { _ = try stage.inProcess { try $0.call(top) { .startChild(worker, $0) }.get() } }
      #expect(text == refusal)
      #expect(try stage.children(of: top).isEmpty)
    }
    #expect(stage.log.entries.isEmpty)
  }

  @Test func `P5: a child that throws in start ends those before it in reverse order, and the error names it`() throws {
    let stage = try Stage()
    let text = message {
      try stage.start(
        Supervisor(.oneForOne) {
          stage.worker("a")
          stage.worker("b")
          Child("bad", server: { [log = stage.log] in Frail(log: log, starts: Count(), goodStarts: 0) })
          stage.worker("c")
        }
      )
    }
    #expect(text == "the child 'bad' did not start: error: Failure()")
    #expect(stage.log.entries == ["+a", "+b", "!b", "-b", "-a"])
  }

  @Test func `P5: a server whose initializer throws did not start`() throws {
    let stage = try Stage()
    let text = message {
      try stage.start(Supervisor(.oneForOne) { Child("bad", server: { () throws -> Slow in throw Failure() }) })
    }
    #expect(text == "the child 'bad' did not start: error: Failure()")
  }

  @Test func `P5: a child that exits in start did not start`() throws {
    let stage = try Stage()
    let text = message { try stage.start(Supervisor(.oneForOne) { Child("bad", server: { Leaving() }) }) }
    #expect(text == "the child 'bad' did not start: normal")
  }

  @Test func `P5: a child whose name is taken did not start, and the error says why`() throws {
    let stage = try Stage()
    let holder = stage.runtime.spawn(Int.self, options: .init(name: "mine")) { _ = try $0.receive() }
    let text = message {
      try stage.start(Supervisor(.oneForOne) { stage.worker("a", options: .init(name: "mine")) })
    }
    #expect(text == "the child 'a' did not start: error: the name 'mine' is taken by \(holder.id)")
  }

  @Test func `P5: a process that starts a supervisor is not told to exit when the start fails`() throws {
    let stage = try Stage()
    let continues = try stage.inProcess { process in
      do { try Supervisor(.oneForOne) { Child("bad", server: { Leaving() }) }.start(linkedTo: process) } catch {}
      try process.yield()
      return true
    }
    #expect(continues)
  }

  @Test func `P5: a supervisor told to exit while a child starts ends it without waiting for its start`() throws {
    let stage = try Stage()
    let found = Found<SupervisorRef>()
    let log = stage.log
    stage.runtime.spawn(Int.self) { process in
      found.set {
        try Supervisor(.oneForOne) {
          stage.worker("a")
          Child("endless", server: { Endless() })
        }.start(linkedTo: process, options: .init(name: "top"))
      }
      log.add("told")
    }
    stage.settle()
    try stage.runtime.lookup("top", as: Supervisor.Message.self)?.exit(.shutdown)
    stage.settle()
    #expect(log.entries == ["+a", "-a", "told"])
    #expect(message { _ = try found.get() } == "the supervisor ended while it was starting: shutdown")
  }

  @Test func `P5: a supervisor is started from a thread, which waits for its children`() throws {
    let log = Log<String>()
    _ = try withRuntime { runtime in
      let top = try Supervisor(.oneForOne) {
        Child("a", server: { Slow(log: log) })
      }.start(on: runtime)
      #expect(log.entries == ["started"])
      let children = try top.callBlocking { .children($0) }
      #expect(children.map(\.name) == ["a"] && children[0].state == .running)
      let error = #expect(throws: SupervisorError.self) {
        try Supervisor(.oneForOne) { Child("bad", server: { Leaving() }) }.start(on: runtime)
      }
      #expect("\(try #require(error))" == "the child 'bad' did not start: normal")
    }
  }

  @Test(.timeLimit(.minutes(15)))
  func `P5: the reason of a failed start is known even if the supervisor ends before the request reaches it`() throws {
    let log = Log<String>()
    let plan = Supervisor(.oneForOne) { Child("bad", server: { Leaving() }) }
    _ = try withRuntime { runtime in
      for _ in 0..<many(1_000) { log.add(message { try plan.start(on: runtime) }) }
      runtime.spawn { process in
        for _ in 0..<many(1_000) {
          do { try plan.start(linkedTo: process) } catch { log.add("\(error)") }
        }
      }
    }
    #expect(log.entries.count == 2 * many(1_000))
    #expect(log.entries.allSatisfy { $0 == "the child 'bad' did not start: normal" })
  }

  @Test func `P5: a supervisor is started from a Swift task`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    try await withLimit("the supervisor has started and answered", on: runtime) {
      let top = try await Supervisor(.oneForOne) { Child("a", server: { Slow(log: Log()) }) }.start(on: runtime)
      let count = try await top.call { .count($0) }
      #expect(count.children == 1 && count.running == 1 && count.supervisors == 0)
    }
    await runtime.shutdown()
  }

  @Test func `P5: a list of children may contain if, else, for and other lists`() throws {
    let stage = try Stage()
    func plan(_ isLarge: Bool) -> Supervisor {
      let more = [stage.worker("x"), stage.worker("y")]
      return Supervisor(.oneForOne) {
        if isLarge { stage.worker("large") } else { stage.worker("small") }
        for number in 0..<2 { stage.worker("\(number)") }
        if isLarge { more }
      }
    }
    #expect(try stage.children(of: stage.start(plan(true))).map(\.name) == ["large", "0", "1", "x", "y"])
    let other = try Stage()
    #expect(try other.children(of: other.start(plan(false))).map(\.name) == ["small", "0", "1"])
  }
}

/// A server that yields several times in its `start`.
private struct Slow: Server {
  let log: Log<String>
  func start(in process: ProcessContext<Int>) throws {
    for _ in 0..<10 { try process.yield() }
    log.add("started")
  }
  func handle(_ message: sending Int, in process: ProcessContext<Int>) {}
}

/// A server that exits in its `start`.
private struct Leaving: Server {
  func start(in process: ProcessContext<Int>) throws { try process.exit() }
  func handle(_ message: sending Int, in process: ProcessContext<Int>) {}
}

/// A server whose `start` never returns.
private struct Endless: Server {
  func start(in process: ProcessContext<Int>) throws { _ = try process.receive() }
  func handle(_ message: sending Int, in process: ProcessContext<Int>) {}
}
