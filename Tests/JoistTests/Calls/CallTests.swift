// SPDX-License-Identifier: Apache-2.0
//
// Calls: a process, thread or task sends a request and waits for the reply.

import Joist
import TestSupport
import Testing

@Suite struct CallTests {
  enum Request {
    case double(Int, ReplyTo<Int>)
    case never(ReplyTo<Int>)
    case keep(Tracked, ReplyTo<Tracked>)
    case stop
  }

  private func serve(_ process: ProcessContext<Request>) throws {
    var kept: [ReplyTo<Int>] = []
    while true {
      switch try process.receive() {
      case .double(let number, let reply): reply.send(number * 2)
      case .never(let reply): kept.append(reply)
      case .keep(let graph, let reply): reply.send(graph)
      case .stop: throw CallError.mailboxFull
      }
    }
  }

  @Test(.threadsAndSeeds)
  func `M1: a call returns its own reply while other processes call the same server`() throws {
    let (callers, calls) = (size(20, seeds: 5), size(100, seeds: 4))
    let sum = Count()
    _ = try onRuntime(slots: 4) { runtime in
      let server = runtime.spawn(Request.self, serve)
      for _ in 0..<callers {
        runtime.spawn { process in
          for number in 1...calls {
            let twice: Int = try process.call(server) { .double(number, $0) }
            sum.add(twice)
          }
        }
      }
    }
    #expect(sum.total == callers * calls * (calls + 1))
  }

  @Test func `M1: a class graph moves to the server with a call and comes back with the reply`() throws {
    let simulation = try HandDriven()
    let tracker = Tracker()
    let log = Log<Int>()
    let server = simulation.runtime.spawn(Request.self, serve)
    simulation.runtime.spawn { process in
      let graph = Tracked(tracker, 7, next: Tracked(tracker, 8))
      let back = try process.call(server, moving: graph) { .keep($0, $1) }
      log.add(back.number + back.next!.number)
    }
    simulation.run()
    #expect(log.entries == [15] && tracker.count == 0)
  }

  @Test func `M1: a call past ten thousand unread messages leaves them unread`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let server = simulation.runtime.spawn(Request.self, serve)
    let caller = simulation.runtime.spawn(Int.self) { process in
      try process.sleep(for: .seconds(1))
      let twice: Int = try process.call(server) { .double(21, $0) }
      log.add(twice)
      log.add(process.messageCount)
    }
    simulation.run(passingTime: false)
    for number in 0..<many(10_000) { caller.send(number) }
    simulation.run()
    #expect(log.entries == [42, many(10_000)])
  }

  @Test func `M3: a call ends at its timeout, and a late or second reply is dropped and counted`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let replies = Log<ReplyTo<Int>>()
    let server = simulation.runtime.spawn(ReplyTo<Int>.self) { process in
      while true { replies.add(try process.receive()) }
    }
    simulation.runtime.spawn(Int.self) { process in
      do {
        let _: Int = try process.call(server, timeout: .seconds(1)) { $0 }
      } catch CallError.timedOut { log.add(-1) }
      for reply in replies.entries { reply.send(99) }
      let second: Int = try process.call(server, timeout: .seconds(1)) { reply in
        reply.send(1)
        return reply
      }
      log.add(second)
    }
    simulation.run(passingTime: false)
    simulation.run()
    // The reply inside the closure comes before the call's wait is open, so it does not answer this call, which times
    // out.
    #expect(log.entries == [-1])
    #expect(simulation.runtime.statistics.repliesDropped == 2)
  }

  @Test func `M3: the first of two replies is delivered, and the second is destroyed`() throws {
    let simulation = try HandDriven()
    let tracker = Tracker()
    let log = Log<Int>()
    let server = simulation.runtime.spawn(ReplyTo<Tracked>.self) { process in
      let reply = try process.receive()
      reply.send(Tracked(tracker, 1))
      reply.send(Tracked(tracker, 2))
    }
    simulation.runtime.spawn { process in
      let graph: Tracked = try process.call(server) { $0 }
      log.add(graph.number)
    }
    simulation.run()
    #expect(log.entries == [1] && tracker.count == 0)
    #expect(simulation.runtime.statistics.repliesDropped == 1)
  }

  /// Returns the description of the error that a call to `server` throws.
  private func outcome(_ process: ProcessContext<Never>, _ server: ProcessRef<Request>) -> String {
    do {
      let _: Int = try process.call(server) { .never($0) }
      return "replied"
    } catch { return "\(error)" }
  }

  @Test func `P5: a server's death ends each call with its exit reason: read, unread, or made later`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let server = simulation.runtime.spawn(Request.self, serve)
    simulation.runtime.spawn { process in log.add(outcome(process, server)) }
    simulation.run(passingTime: false)
    #expect(log.entries.isEmpty)
    server.suspend()
    simulation.runtime.spawn { process in log.add(outcome(process, server)) }
    simulation.run(passingTime: false)
    server.send(.stop, urgent: true)
    server.resume()
    simulation.run()
    simulation.runtime.spawn { process in log.add(outcome(process, server)) }
    simulation.run()
    #expect(log.entries.count == 3)
    let reason = "exited(error: mailboxFull)"
    #expect(log.entries.filter { $0 == reason }.count == 2)
    #expect(log.entries.last == "exited(no process)")
  }

  @Test func `M3: a call whose request is flushed or finds a full mailbox throws an error that says so`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let server = simulation.runtime.spawn(
      Request.self,
      options: .init(mailbox: .bounded(1, whenFull: .fail))
    ) { process in
      try process.sleep(for: .seconds(1))
      process.flush()
      try process.sleep(for: .seconds(1))
    }
    simulation.run(passingTime: false)
    for _ in 0..<2 {
      simulation.runtime.spawn { process in log.add(outcome(process, server)) }
      simulation.run(passingTime: false)
    }
    simulation.run()
    #expect(log.entries == ["mailboxFull", "discarded"])
  }

  @Test func `M1: a caller that is told to exit abandons its call`() throws {
    let simulation = try HandDriven()
    let server = simulation.runtime.spawn(Request.self, serve)
    let caller = simulation.runtime.spawn { process in let _: Int = try process.call(server) { .never($0) } }
    simulation.run()
    #expect(caller.snapshot?.waitReason == .call)
    caller.exit()
    simulation.run()
    #expect(!caller.isAlive && server.isAlive)
  }

  @Test func `M1: a call made inside another call's closure does not disturb the outer call`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let server = simulation.runtime.spawn(Request.self, serve)
    simulation.runtime.spawn { process in
      let number: Int = try process.call(server) { reply in
        let inner: Int = (try? process.call(server) { .double(1, $0) }) ?? 0
        return .double(inner, reply)
      }
      log.add(number)
    }
    simulation.run()
    #expect(log.entries == [4])
  }

  @Test func `M1: threads call, too, and their calls end at a timeout or with the server's death`() throws {
    _ = try withRuntime { runtime in
      let server = runtime.spawn(Request.self, serve)
      for number in 1...many(100) {
        let twice: Int = try server.callBlocking { .double(number, $0) }
        #expect(twice == number * 2)
      }
      #expect(throws: CallError.self) {
        let _: Int = try server.callBlocking(timeout: .milliseconds(1)) { .never($0) }
      }
      server.exit()
      #expect(throws: CallError.self) { let _: Int = try server.callBlocking { .never($0) } }
    }
  }

  @Test func `M1: tasks call, too, and their calls end at a timeout, when cancelled or with the server`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 2))
    let server = runtime.spawn(Request.self, serve)
    try await withLimit("every call has come to an end", on: runtime) {
      for number in 1...many(100) {
        let twice: Int = try await server.call { .double(number, $0) }
        #expect(twice == number * 2)
      }
      await #expect(throws: CallError.self) {
        let _: Int = try await server.call(timeout: .milliseconds(1)) { .never($0) }
      }
      let task = Task { let _: Int = try await server.call { .never($0) } }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      server.exit()
      await #expect(throws: CallError.self) { let _: Int = try await server.call { .never($0) } }
    }
  }

  @Test func `M1: no timeout of a task's call is too long or too short for the clock`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 2))
    let server = runtime.spawn(Request.self, serve)
    let eternities: [Duration] = [
      .seconds(Int64.max), .seconds(Int64.max) * 18, .nanoseconds(Int64.max), .seconds(86_400 * 366 * 101),
      .longestSleep,
    ]
    func blocking(_ timeout: Duration) throws -> Int { try server.callBlocking(timeout: timeout) { .double(2, $0) } }
    for timeout in eternities {
      let two: Int = try await server.call(timeout: timeout) { .double(1, $0) }
      #expect(two == 2)
      let four = try blocking(timeout)
      #expect(four == 4)
    }
    for timeout in [Duration.zero, .seconds(-1), .seconds(Int64.min), .seconds(Int64.min) * 18] {
      await #expect(throws: CallError.self) { let _: Int = try await server.call(timeout: timeout) { .never($0) } }
    }
    await runtime.shutdown()
  }

  @Test func `M1: a process that calls itself gets an error at once, in its blocking closure, too`() throws {
    let log = Log<String>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Request.self) { process in
        do { let _: Int = try process.call(process.ref) { .double(1, $0) } } catch { log.add("\(error)") }
        let own = process.ref
        process.blocking {
          do throws(CallError) { let _: Int = try own.callBlocking { .double(1, $0) } } catch { log.add("\(error)") }
        }
        #expect(process.messageCount == 0)
      }
    }
    #expect(log.entries.count == 2 && log.entries.allSatisfy { $0.contains("cannot call itself") })
  }

  @Test func `M2: a call waits for room in a full mailbox that blocks, and its timeout includes that wait`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let server = simulation.runtime.spawn(Request.self, options: .init(mailbox: .bounded(1, whenFull: .block))) {
      try $0.sleep(for: .seconds(5))
      try serve($0)
    }
    simulation.runtime.spawn { process in log.add(outcome(process, server)) }
    simulation.runtime.spawn { process in
      do {
        let _: Int = try process.call(server, timeout: .seconds(1)) { .double(1, $0) }
      } catch CallError.timedOut { log.add("timed out") }
      let two: Int = try process.call(server, timeout: .seconds(9)) { .double(1, $0) }
      log.add("\(two)")
    }
    simulation.run()
    #expect(log.entries == ["timed out", "2"])
  }
}
