// SPDX-License-Identifier: Apache-2.0
//
// A library call that recurses until the stack overflows ends its process, and other processes can use the library
// afterwards.

import Foundation
import Joist
import TestSupport
import Testing

/// A library call that recurses at least once for each level of its argument.
enum DeepCall: String, CaseIterable, Sendable {
  case jsonEncoder, jsonDecoder, jsonSerialization, propertyListEncoder, propertyListSerialization
  case dump, mirror, describing, interpolating, anyHashable, nsArrayIsEqual, nsDictionaryDescription, predicate
  case deinitArrays, deinitNodes, deinitTree, deinitNSArrays, equality, hashing

  /// The calls whose overflow ends only their process.
  ///
  /// On ARM64, an overflow during the release of nested indirect enums ends the program.
  static var contained: [DeepCall] {
    #if arch(arm64)
      allCases.filter { $0 != .deinitTree }
    #else
      allCases
    #endif
  }

  /// The number of levels that overflows the stack; `JSONDecoder` throws for more than 512.
  var levels: Int { self == .jsonDecoder ? 500 : 5_000 }

  // swift-format-ignore: NeverUseForceTry
  /// Makes a value with `levels` levels and calls the library with it.
  func run(levels: Int) {
    switch self {
    case .jsonEncoder: _ = try! JSONEncoder().encode(Node(levels: levels))
    case .jsonDecoder: _ = try! JSONDecoder().decode(Node.self, from: Node.json(levels: levels))
    case .jsonSerialization: _ = try! JSONSerialization.data(withJSONObject: arrays(levels))
    case .propertyListEncoder: _ = try! PropertyListEncoder().encode(Node(levels: levels))
    case .propertyListSerialization:
      _ = try! PropertyListSerialization.data(fromPropertyList: nsArrays(levels), format: .xml, options: 0)
    case .dump:
      var text = ""
      Swift.dump(arrays(levels), to: &text)
    case .mirror: _ = parts(of: Node(levels: levels))
    case .describing: _ = String(describing: arrays(levels))
    case .interpolating: _ = "\(Node(levels: levels))"
    case .anyHashable: _ = hashables(levels) == hashables(levels)
    case .nsArrayIsEqual: _ = nsArrays(levels).isEqual(nsArrays(levels))
    case .nsDictionaryDescription: _ = nsDictionaries(levels).description
    case .predicate: _ = negations(levels).evaluate(with: nil)
    case .deinitArrays: _ = unknown(arrays(levels * 20))
    case .deinitNodes: _ = unknown(Node(levels: levels * 20))
    case .deinitTree: _ = unknown(Tree(levels: levels * 20))
    case .deinitNSArrays: _ = unknown(nsArrays(levels * 20))
    case .equality: _ = Node(levels: levels) == Node(levels: levels)
    case .hashing: _ = unknown(Node(levels: levels).hashValue)
    }
  }
}

@Suite struct DeepCallTests {
  @Test(.timeLimit(.minutes(15)), arguments: DeepCall.contained)
  func `P3: a library call that overflows the stack ends its process, and the library serves others`(
    call: DeepCall
  ) throws {
    let ends = Log<ExitReason>()
    let log = Log<Int>()
    let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
      runtime.spawn(Down.self) { process in
        for number in 1...6 {
          // The stack ends at a different point of the library's code each time.
          process.spawnMonitored(down: { $0 }) { _ in
            withLess(stack: (110 << 10) + number * 1_234) { call.run(levels: call.levels) }
          }
          ends.add(try process.receive().reason)
          // A lock that the overflow left held would block this call.
          process.spawnMonitored(down: { $0 }) { _ in
            call.run(levels: 3)
            log.add(number)
          }
          ends.add(try process.receive().reason)
        }
      }
    }
    #expect(log.entries == Array(1...6), "\(ends.entries)")
    #expect(statistics.overflowsContained == 6, "\(ends.entries)")
  }

  @Test(.timeLimit(.minutes(15)))
  func `P3: a library call that overflows the stack in a blocking closure ends its process`() throws {
    let crashes = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      for _ in 0..<3 {
        runtime.spawn(Down.self) { process in
          process.spawnMonitored(down: { $0 }) { body in
            body.blocking { DeepCall.deinitArrays.run(levels: 100_000) }
          }
          crashes.add(try process.receive().reason.isOverflow)
        }
      }
    }
    #expect(crashes.entries == [true, true, true])
  }

  @Test(.timeLimit(.minutes(15)), arguments: [SpawnOptions(), SpawnOptions(stack: .dedicated(bytes: 256 << 10))])
  func `P3: the guard is whole again after a library call has used its part of it`(options: SpawnOptions) throws {
    let ends = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 1, slots: 1)) { runtime in
      runtime.spawn(options: .init(stack: .dedicated(bytes: 256 << 10))) { process in
        for call in [DeepCall.describing, .deinitNodes, .nsArrayIsEqual] {
          for levels in [5_000, 10_000] {
            let deep = process.spawn(options: options) { _ in call.run(levels: levels) }
            ends.add(try process.join(deep).map(\.isOverflow) ?? false)
            let plain = process.spawn(options: options) { _ in print(endlessly(1)) }
            ends.add(try process.join(plain).map(\.isOverflow) ?? false)
          }
        }
      }
    }
    #expect(ends.entries == Array(repeating: true, count: 12))
  }
}

/// Calls `body` after using up `bytes` bytes of the stack.
@inline(never)
private func withLess(stack bytes: Int, _ body: () -> Void) {
  if bytes <= 0 { return body() }
  withLess(stack: bytes - 64, body)
  _ = unknown(bytes)
}

@inline(never)
private func endlessly(_ depth: Int) -> Int { depth == .max ? 0 : unknown(depth) + endlessly(depth + 1) }

// MARK: Values of many levels

private struct Node: Codable, Hashable {
  var children: [Node] = []

  init(levels: Int) { for _ in 0..<levels { children = [self] } }

  static func json(levels: Int) -> Data {
    let half = levels / 2
    let open = String(repeating: #"{"children":["#, count: half)
    let close = String(repeating: "]}", count: half)
    return Data((open + #"{"children":[]}"# + close).utf8)
  }
}

private indirect enum Tree {
  case leaf
  case branch(Tree)

  init(levels: Int) {
    self = .leaf
    for _ in 0..<levels { self = .branch(self) }
  }
}

private func nested<Value>(_ levels: Int, _ first: Value, _ around: (Value) -> Value) -> Value {
  var value = first
  for _ in 0..<levels { value = around(value) }
  return value
}

private func arrays(_ levels: Int) -> [Any] { nested(levels, [1]) { [$0] } }
private func hashables(_ levels: Int) -> AnyHashable { nested(levels, AnyHashable(1)) { AnyHashable([$0]) } }
private func nsArrays(_ levels: Int) -> NSArray { nested(levels, NSArray()) { NSArray(array: [$0]) } }
private func nsDictionaries(_ levels: Int) -> NSDictionary {
  nested(levels, NSDictionary()) { NSDictionary(dictionary: ["a": $0]) }
}
private func negations(_ levels: Int) -> NSPredicate {
  nested(levels, NSPredicate(value: true)) { NSCompoundPredicate(notPredicateWithSubpredicate: $0) }
}

/// Returns the number of values in `value`, counted by reflection.
private func parts(of value: Any) -> Int { Mirror(reflecting: value).children.reduce(1) { $0 + parts(of: $1.value) } }
