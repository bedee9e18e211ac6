// SPDX-License-Identifier: Apache-2.0
//
// A stack overflow ends the process in which it happens, whatever code reaches the end of the stack.

import CFaultProbe
import Joist
import TestSupport
import Testing

@Suite struct OverflowTests {
  /// A way to use up the stack.
  enum Recursion: String, CaseIterable, Sendable {
    case plain, strings, arrays, dictionaries, printing, sorting, sending, spawning, large, suspending
  }

  @Test(.timeLimit(.minutes(15)), arguments: Recursion.allCases)
  func `P3: a stack overflow ends its process and no other, wherever it happens`(recursion: Recursion) throws {
    let ends = Log<ExitReason>()
    let log = Log<Int>()
    let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
      let other = runtime.spawn(Int.self) { process in while true { log.add(try process.receive()) } }
      let sink = runtime.spawn(Int.self) { process in while true { _ = try process.receive() } }
      runtime.spawn(Down.self) { process in
        for number in 1...20 {
          process.spawnMonitored(down: { $0 }) { body in _ = try descend(recursion, 1, sink, body) }
          ends.add(try process.receive().reason)
          other.send(number)
          // A malloc lock that the overflow left held would block this allocation.
          log.add(Array(repeating: number, count: 1_000).count - 1_000 + number)
        }
      }
    }
    #expect(ends.entries.count == 20 && ends.entries.allSatisfy(\.isOverflow), "\(ends.entries)")
    #expect(log.entries.count == 40 && statistics.overflowsContained == 20)
  }

  @Test(arguments: [1, 3])
  func `P3: a stack whose frames were saved and restored overflows like any other`(slots: Int) throws {
    let ends = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 2, slots: slots)) { runtime in
      runtime.spawn(Down.self) { process in
        for _ in 0..<20 {
          process.spawnMonitored(down: { $0 }) { body in
            try deeply(20) { try body.sleep(for: .milliseconds(1)) }
            _ = try descend(.plain, 1, nil, body)
          }
        }
        for _ in 0..<20 { ends.add(try process.receive().reason.isOverflow) }
      }
    }
    #expect(ends.entries == Array(repeating: true, count: 20))
  }

  @Test func `P3: a frame larger than the rest of the stack is an overflow, on a dedicated stack, too`() throws {
    for options in [SpawnOptions(), SpawnOptions(stack: .dedicated(bytes: 128 << 10))] {
      let bytes: Int64 = options == SpawnOptions() ? 600 << 10 : 200 << 10
      #expect(try end(options: options) { _ in print(probe_take_stack(bytes)) }.isOverflow)
    }
  }

  @Test func `P3: after an overflow the guard is whole again`() throws {
    let ends = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 1, slots: 1)) { runtime in
      runtime.spawn { process in
        for _ in 0..<4 {
          for recursion in [Recursion.strings, .plain, .arrays] {
            let ref = process.spawn { body in _ = try descend(recursion, 1, nil, body) }
            ends.add(try process.join(ref).map(\.isOverflow) ?? false)
          }
        }
      }
    }
    #expect(ends.entries == Array(repeating: true, count: 12))
  }
}

/// Recurses until the stack overflows, in the way that `recursion` names.
@inline(never)
private func descend(
  _ recursion: OverflowTests.Recursion,
  _ depth: Int,
  _ sink: ProcessRef<Int>?,
  _ process: ProcessContext<Never>
) throws -> Int {
  var depths = 0
  switch recursion {
  case .plain, .large: if recursion == .large { depths += Int(probe_take_stack(40_000)) }
  case .strings: depths = ("\(depth) and " + String(repeating: "x", count: unknown(depth % 50))).utf8.count
  case .arrays: depths = unknown([depth, depth, depth]).map { $0 + 1 }.count
  case .dictionaries: depths = unknown([depth: "a", depth + 1: "b"]).count
  case .printing: print("", Printed(depth: depth), separator: "", terminator: "")
  case .sorting: depths = unknown([3, 1, 2]).sorted { unknown($0) < unknown($1) }.count
  case .sending: sink?.send(depth)
  case .spawning: process.spawn { _ in }
  case .suspending: try process.reduce(1)
  }
  guard unknown(true) else { return depth }
  let deeper = try descend(recursion, depth + 1, sink, process)
  return unknown(deeper) + depths
}

private struct Printed: CustomStringConvertible {
  let depth: Int
  var description: String { unknown("") + "" }
}

/// Calls `body` below `frames` additional frames.
private func deeply(_ frames: Int, _ body: () throws -> Void) throws {
  if frames == 0 { return try body() }
  try deeply(frames - 1, body)
  _ = unknown(frames)
}
