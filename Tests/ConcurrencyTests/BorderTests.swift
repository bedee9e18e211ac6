// SPDX-License-Identifier: Apache-2.0
//
// Processes that wait for tasks, and tasks that wait for processes.

import Joist
import JoistConcurrency
import TestSupport
import Testing

private struct Sorry: Error {}

private enum Locals { @TaskLocal static var number = 0 }

private actor Adder {
  var sum = 0
  func add(_ number: Int) -> Int {
    sum += number
    return sum
  }
}

@Suite(.timeLimit(.minutes(15))) struct BorderTests {
  @Test func `A2: a process awaits asynchronous code, and the runtime is not idle meanwhile`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let log = Log<String>()
    let adder = Adder()
    runtime.spawn { process in
      log.add("\(try process.awaiting { await adder.add(3) })")
      do { _ = try process.awaiting { () async throws -> Int in throw Sorry() } } catch is Sorry { log.add("sorry") }
      let number = try Locals.$number.withValue(4) { try process.awaiting { Locals.number } }
      log.add("\(number)")
      try process.awaiting { try await rest(for: .milliseconds(50)) }
      log.add("rested")
    }
    await runtime.waitUntilIdle()
    #expect(log.entries == ["3", "sorry", "4", "rested"])
    await runtime.shutdown()
  }

  @Test func `A2: code that a process awaits is cancelled when the process is told to exit`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let (cancellations, cancelled) = AsyncStream.makeStream(of: Void.self)
    let started = Count()
    let waiting = runtime.spawn { process in
      try process.awaiting {
        started.add()
        do { try await rest(for: .seconds(1_000)) } catch { cancelled.yield() }
      }
    }
    while started.total == 0 { await Task.yield() }
    waiting.exit(.shutdown)
    let reason = try await waiting.join()
    for await _ in cancellations { break }
    #expect(["\(ExitReason.shutdown)", "\(ExitReason.noProcess)"].contains(reason.map { "\($0)" }))
    await runtime.waitUntilIdle()
    await runtime.shutdown()
  }

  @Test func `A2: a crash of code that a process awaits is thrown in the process`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let crashes = Count()
        let process = runtime.spawn { process in
          do { _ = try process.awaiting { crash() } } catch is ContainedCrash { crashes.add() }
          _ = try process.awaiting { await Task.yield() }
          crashes.add()
        }
        _ = try await process.join()
        return crashes.total == 2
      }
    }
  }

  @Test func `A2: a process consumes an asynchronous sequence at its own pace`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let made = Count()
    let sums = Log<Int>()
    let numbers = AsyncStream<Int>(unfolding: {
      made.add()
      return made.total <= 100 ? made.total : nil
    })
    runtime.spawn { process in
      var sum = 0
      try process.forEach(in: numbers) { number in
        sum += number
        sums.add(made.total - number)
      }
      sums.add(sum)
    }
    await runtime.waitUntilIdle()
    #expect(sums.entries == Array(repeating: 0, count: 100) + [5_050])
    await runtime.shutdown()
  }

  @Test func `A2: a task reads the messages of processes in order, and holds senders up by the mailbox's limit`()
    async throws
  {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let sent = Count()
    let (ref, stream) = runtime.makeMessageStream(
      of: Int.self,
      options: .init(mailbox: .bounded(3, whenFull: .block))
    )
    runtime.spawn { _ in
      for number in 0..<100 {
        ref.send(number)
        sent.add()
      }
    }
    var next = 0
    for await number in stream {
      #expect(number == next)
      #expect(sent.total <= number + 6)
      next += 1
      if next == 100 { ref.exit() }
    }
    #expect(next == 100)
    await runtime.shutdown()
  }

  @Test func `A2: a cancelled reader of messages gets nil, and no message is lost`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let (ref, stream) = runtime.makeMessageStream(of: Int.self)
    let reader = Task {
      var iterator = stream.makeAsyncIterator()
      return await iterator.next()
    }
    reader.cancel()
    #expect(await reader.value == nil)
    ref.send(7)
    var iterator = stream.makeAsyncIterator()
    #expect(await iterator.next() == 7)
    await runtime.shutdown()
    #expect(await iterator.next() == nil)
  }

  @Test func `A2: a task waits for the end of a process, until a timeout or its own cancellation`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let waiting = runtime.spawn(Int.self) { process in if try process.receive() == 1 { throw Sorry() } }
    #expect(try await waiting.join(timeout: .milliseconds(10)) == nil)
    let cancelled = Task { try await waiting.join() }
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    // It waits when the message is sent.
    let told = Task.immediate { try await waiting.join() }
    waiting.send(1)
    guard case .error(let error) = try await told.value else { fatalError("the process did not throw") }
    #expect(error is Sorry)
    guard case .noProcess = try await waiting.join() else { fatalError("the process had another end") }
    await runtime.shutdown()
  }

  @Test func `A2: onEnd calls its closure once, in a process or after the runtime is over`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let reasons = Log<String>()
    let (ends, end) = AsyncStream.makeStream(of: Void.self)
    let first = runtime.spawn(Int.self) { process in _ = try process.receive() }
    let second = runtime.spawn(Int.self) { process in _ = try process.receive() }
    for process in [first, second] {
      process.onEnd { reason in
        reasons.add("\(reason)")
        end.yield()
      }
    }
    first.send(1)
    var iterator = ends.makeAsyncIterator()
    await iterator.next()
    first.onEnd { reason in
      reasons.add("\(reason), late")
      end.yield()
    }
    await iterator.next()
    await runtime.shutdown()
    await iterator.next()
    #expect(reasons.entries == ["\(ExitReason.normal)", "\(ExitReason.noProcess), late", "\(ExitReason.shutdown)"])
  }

  @Test func `A2: onEnd calls its closure if the runtime is shut down before the process of the call begins`()
    async throws
  {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let ended = runtime.spawn(Int.self) { _ in }
    _ = try await ended.join()
    let calls = Count()
    let (asked, ask) = AsyncStream.makeStream(of: Void.self)
    // Processes of a lower priority do not begin while this one runs.
    _ = runtime.spawn(Never.self, options: .init(priority: .max)) { process in
      for _ in 0..<100 { ended.onEnd { _ in calls.add() } }
      ask.yield()
      while true { try process.yield() }
    }
    var iterator = asked.makeAsyncIterator()
    await iterator.next()
    #expect(calls.total == 0)
    await runtime.shutdown()
    wait(until: "all calls are made") { calls.total == 100 }
  }
}
