// SPDX-License-Identifier: Apache-2.0
//
// What programs do with tasks.

import Joist
import JoistConcurrency

/// An actor with something to do.
private actor Adder {
  private var sum = 0

  func add(_ number: Int) -> Int {
    sum &+= number
    return sum
  }

  /// Adds numbers from outside; the result keeps the compiler from staying on the actor from one call to the next.
  nonisolated func addFromOutside(_ count: Int) async {
    var last = 0
    for number in 0..<count { last &+= tripled(await add(number)) }
    blackHole(last)
  }
}

@inline(never) private func tripled(_ number: Int) -> Int { number &* 3 }
@inline(never) private func blackHole(_ number: Int) {}

/// Runs code in eight tasks at once.
private func inEightTasks(_ body: @escaping @Sendable () async -> Void) async {
  await withTaskGroup { group in for _ in 0..<8 { group.addTask { await body() } } }
}

extension Row {
  /// The rows that run on Swift's pool and on a runtime.
  static let ofTasks = [
    Row("yield", 200_000) { for _ in 0..<$0 { await Task.yield() } },
    Row("task", 100_000) { for _ in 0..<$0 { await Task {}.value } },
    Row("async-let", 100_000) { count in
      for number in 0..<count {
        async let result = tripled(number)
        blackHole(await result)
      }
    },
    Row("group-of-1000", 200_000) { count in
      for _ in 0..<(count / 1000) { await withTaskGroup { group in for _ in 0..<1000 { group.addTask {} } } }
    },
    Row("actor-free", 200_000) { await Adder().addFromOutside($0) },
    Row("actor-contended", 200_000) { count in
      let adder = Adder()
      await inEightTasks { await adder.addFromOutside(count / 8) }
    },
    Row("actors-apart", 400_000) { count in await inEightTasks { await Adder().addFromOutside(count / 8) } },
    Row("stream", 200_000) { count in
      let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
      Task {
        for number in 0..<count { continuation.yield(number) }
        continuation.finish()
      }
      for await _ in stream {}
    },
    Row("ping-pong", 50_000) { count in
      let (pings, ping) = AsyncStream.makeStream(of: Int.self)
      let (pongs, pong) = AsyncStream.makeStream(of: Int.self)
      let partner = Task { for await number in pings { pong.yield(number) } }
      var answers = pongs.makeAsyncIterator()
      for number in 0..<count {
        ping.yield(number)
        _ = await answers.next()
      }
      ping.finish()
      await partner.value
    },
    Row("sleep-1-ms-1000-tasks", 50_000) { count in
      for _ in 0..<(count / 1000) {
        await withTaskGroup { group in
          for _ in 0..<1000 { group.addTask { try? await Task.sleep(for: .milliseconds(1)) } }
        }
      }
    },
  ]

  /// The rows of guards, which need a runtime.
  static func ofGuards(_ runtime: ProcessRuntime) -> [Row] {
    [
      Row("guard", 100_000) { count in
        for number in 0..<count { blackHole((try? await runtime.contain { number }) ?? 0) }
      },
      Row("guard-that-suspends", 100_000) { count in
        for _ in 0..<count { try? await runtime.contain { await Task.yield() } }
      },
    ]
  }
}

/// What eight tasks that never suspend leave to others.
enum Fairness {
  /// Returns by how much too late the latest but one of a hundred wakes from a sleep of 1 ms.
  static func lateness() async -> Duration {
    await besideLoops { asked, end in
      var late: [Duration] = []
      var asked = asked
      while late.count < 100, late.isEmpty || asked < end {
        try? await Task.sleep(for: .milliseconds(1))
        late.append(ContinuousClock.now - asked - .milliseconds(1))
        asked = ContinuousClock.now
      }
      return late.sorted()[late.count * 98 / 100]
    }
  }

  /// Returns how many of a thousand yields a task gets done while the loops run.
  static func yields() async -> Int {
    await besideLoops { _, end in
      for number in 0..<1000 {
        if ContinuousClock.now > end { return number }
        await Task.yield()
      }
      return 1000
    }
  }

  /// Runs code while eight tasks compute for two seconds; the code gets the times of their begin and their end.
  private static func besideLoops<Result: Sendable>(
    _ body: @escaping @Sendable (ContinuousClock.Instant, ContinuousClock.Instant) async -> Result
  ) async -> Result {
    let begin = ContinuousClock.now
    let end = begin + .seconds(2)
    for _ in 0..<8 {
      Task.detached {
        var number = 1
        while ContinuousClock.now < end { for _ in 0..<1000 { number = tripled(number) } }
        blackHole(number)
      }
    }
    return await Task.detached { await body(begin, end) }.value
  }
}
