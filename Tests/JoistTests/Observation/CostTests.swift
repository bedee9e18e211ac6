// SPDX-License-Identifier: Apache-2.0
//
// What a switch through the run queue and a new process cost, in bare switches between two stacks of the same run. Each
// is the least of many short rounds, so neither the machine's speed nor other programs decide. The bounds lie halfway
// between what a regression to twice the cost would take and what was measured.

import CJoist
import Foundation
import Joist
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: isOptimized)) struct CostTests {
  /// The nanoseconds of one of `count` things that the body does.
  private func nanoseconds(each count: Int, _ body: () throws -> Void) rethrows -> Double {
    let began = ContinuousClock.now
    try body()
    return (ContinuousClock.now - began) / .nanoseconds(1) / Double(count)
  }

  private static let rounds = 200
  private static let count = 1_000

  /// Returns the least time of the work that a process of a runtime with one scheduler does in each round, in bare
  /// switches.
  private func bareSwitches(
    _ work: @escaping @Sendable (ProcessContext<Int>, _ count: Int) throws -> Void
  ) throws -> Double {
    let times = Log<(bare: Double, work: Double)>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Int.self) { process in
        for _ in 0..<Self.rounds {
          let bare = nanoseconds(each: 2 * Self.count) { BarePair().goAndReturn(Self.count) }
          times.add((bare, try nanoseconds(each: Self.count) { try work(process, Self.count) }))
        }
      }
    }
    return times.entries.map(\.work).min()! / times.entries.map(\.bare).min()!
  }

  @Test(.timeLimit(.minutes(15))) func `C1: a yield through the run queue costs a few bare switches`() throws {
    let ratio = try bareSwitches { process, count in
      let other = process.spawn(Int.self) { other in while true { try other.yield() } }
      for _ in 0..<count / 2 { try process.yield() }
      other.exit()
    }
    #expect(ratio < 22, "\(ratio)")
  }

  @Test(.timeLimit(.minutes(15))) func `P2: a process starts and ends in the time of a few dozen bare switches`() throws
  {
    let ratio = try bareSwitches { process, count in
      for _ in 0..<count {
        process.spawn { _ in }
        try process.yield()
      }
    }
    #expect(ratio < 60, "\(ratio)")
  }

  #if os(Linux)
    @Test func `P2: thousands of processes at once have no thread of their own`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let runtime = try ProcessRuntime(.init(schedulers: 2))
        runtime.spawn { try $0.yield() }
        await runtime.waitUntilIdle()
        let before = threadCount
        let processes = (0..<many(20_000)).map { _ in runtime.spawn(Int.self) { _ = try $0.receive() } }
        await runtime.waitUntilIdle()
        // Swift's own pool may have started some meanwhile.
        precondition(threadCount < before + 100, "\(before) threads, then \(threadCount)")
        for process in processes { process.send(1) }
        await runtime.waitUntilIdle()
        exit(0)
      }
    }
  #endif
}

/// The number of threads of this program.
private var threadCount: Int {
  ((try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? "").split(separator: "\n")
    .first { $0.hasPrefix("Threads:") }.flatMap { Int($0.split(separator: "\t")[1]) } ?? 0
}

// Sound: this object is the only owner of both pointers, and nothing runs on the stack when it is destroyed.
/// The calling stack and a second one, on which the only code is a switch back.
private final class BarePair {
  private struct State {
    var here: UnsafeMutableRawPointer?
    var there: UnsafeMutableRawPointer?
  }

  private let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
  private let stack = UnsafeMutableRawPointer.allocate(byteCount: 16_384, alignment: 4_096)

  // Sound: the state lives as long as the stack, whose frame is never returned to.
  init() {
    // The two stack pointers differ by half a page modulo the page size, so that neither delays the other's loads.
    let place = (Int(bitPattern: joist_stack_pointer()) + 2_048) % 4_096 & ~15
    unsafe state.initialize(to: State())
    unsafe state.pointee.there = joist_stack_lay(
      stack + 8_192 + place,
      { unsafe BarePair.switchBack($0.assumingMemoryBound(to: State.self)) },
      state
    )
  }

  deinit {
    unsafe stack.deallocate()
    unsafe state.deallocate()
  }

  // Sound: `there` was laid by `init` or saved by `switchBack`.
  func goAndReturn(_ count: Int) {
    for _ in 0..<count { unsafe joist_switch(&state.pointee.here, state.pointee.there!) }
  }

  // Sound: runs on the other stack only, while `goAndReturn` waits for the switch back.
  private static func switchBack(_ state: UnsafeMutablePointer<State>) {
    while true { unsafe joist_switch(&state.pointee.there, state.pointee.here!) }
  }
}
