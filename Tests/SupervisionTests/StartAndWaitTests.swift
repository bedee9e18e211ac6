// SPDX-License-Identifier: Apache-2.0
//
// Starts that are waited for, and servers that are not needed.

import Foundation
import Joist
import JoistSupervision
import TestSupport
import Testing

/// A server whose start takes a while of the runtime's time and ends as it is told.
private struct Beginner: Server {
  enum Act: Sendable { case start, fail, crash, ignore }
  enum Message: Sendable { case ask(ReplyTo<Int>) }

  let act: Act
  var length = Duration.seconds(1)

  func start(in process: ProcessContext<Message>) throws {
    if length > .zero { try process.sleep(for: length) }
    switch act {
    case .start: break
    case .fail: throw Failure()
    case .crash: fatalError("the server crashes")
    case .ignore: throw StartIgnored()
    }
  }

  func handle(_ message: sending Message, in process: ProcessContext<Message>) {
    switch message {
    case .ask(let reply): reply.send(7)
    }
  }
}

@Suite struct StartAndWaitTests {
  /// Returns what a process gets that starts a server and waits.
  private func trial(_ act: Beginner.Act, timeout: Duration? = nil) throws -> [String] {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn { process in
      let began = process.now
      do {
        let ref = try Beginner.startAndWait(Beginner(act: act), from: process, timeout: timeout)
        log.add("\(try process.call(ref) { .ask($0) })")
        ref.exit()
      } catch let error as StartError { log.add("\(error)") }
      if process.now - began >= .milliseconds(999) { log.add("after a second") }
    }
    simulation.run()
    let statistics = simulation.runtime.statistics
    #expect(statistics.processesCreated == statistics.processesEnded)
    return log.entries
  }

  @Test func `P5: a start that is waited for returns when the server has started, or throws why it has not`() throws {
    #expect(try trial(.start) == ["7", "after a second"])
    #expect(try trial(.fail) == ["the server ended while it was starting: error: Failure()", "after a second"])
    #expect(try trial(.ignore) == ["the server ended while it was starting: shutdown: not needed", "after a second"])
  }

  @Test func `P5: a server that takes too long to start is killed`() throws {
    #expect(try trial(.start, timeout: .milliseconds(100)) == ["the server did not start in time"])
  }

  @Test func `P5: tasks and threads can wait for a start, and learn of a crash in it`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let server = try await Beginner.startAndWait(Beginner(act: .start, length: .zero), on: runtime)
    #expect(try await server.call { .ask($0) } == 7)
    do {
      _ = try await Beginner.startAndWait(Beginner(act: .crash, length: .zero), on: runtime)
      Issue.record("the start threw no error")
    } catch StartError.ended(.trap) {}
    let (results, result) = AsyncStream.makeStream(of: Bool.self)
    Thread.detachNewThread {
      result.yield((try? Beginner.startAndWait(Beginner(act: .start, length: .zero), on: runtime)) != nil)
    }
    var iterator = results.makeAsyncIterator()
    #expect(await iterator.next() == true)
    await runtime.shutdown()
  }

  @Test func `P5: a supervisor keeps a server that is not needed without a process, and starts the others`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne) {
        Child("unneeded", server: { Beginner(act: .ignore, length: .zero) })
        Child("gone", restart: .temporary, server: { Beginner(act: .ignore, length: .zero) })
        Child("needed", server: { Beginner(act: .start, length: .zero) })
      }
    )
    let children = try stage.children(of: top)
    #expect(children.map(\.name) == ["unneeded", "needed"])
    #expect(children.map(\.restarts) == [0, 0])
    #expect(children.map { $0.process != nil } == [false, true])
    #expect(stage.runtime.statistics.abnormalExits == 0)
  }

  @Test func `P5: an orderly end for a reason of one's own is no failure, and a transient child stays ended`() throws {
    let stage = try Stage()
    let starts = Count()
    let top = try stage.start(
      Supervisor(.oneForOne) {
        Child("job", Never.self, restart: .transient) { process in
          starts.add()
          try process.exit(.shutdownBecause(Failure()))
        }
      }
    )
    stage.settle()
    #expect(try stage.children(of: top).map(\.restarts) == [0])
    #expect(starts.total == 1 && stage.runtime.statistics.abnormalExits == 0)
    #expect("\(ExitReason.shutdownBecause(Failure()))" == "shutdown: Failure()")
  }
}
