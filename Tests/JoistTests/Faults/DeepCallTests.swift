// SPDX-License-Identifier: Apache-2.0
//
// A library that recurses until the stack is used up ends its process, and can be used by others afterwards.

import Foundation
import Joist
import TestSupport
import Testing

/// Library calls that recurse once or more for each level of the value that they are given.
enum DeepCall: String, CaseIterable, Sendable {
  case jsonEncoder, jsonDecoder, jsonSerialization, propertyListEncoder, propertyListSerialization
  case dump, mirror, describing, interpolating, anyHashable, nsArrayIsEqual, nsDictionaryDescription, predicate
  case deinitArrays, deinitNodes, deinitTree, deinitNSArrays, equality, hashing

  /// Those that end their process alone.
  ///
  /// On ARM64 a stack that ends while nested indirect enums are released ends the program.
  static var contained: [DeepCall] {
    #if arch(arm64)
      allCases.filter { $0 != .deinitTree }
    #else
      allCases
    #endif
  }

  /// `JSONDecoder` throws for more than 512.
  var levels: Int { self == .jsonDecoder ? 500 : 5_000 }

  // swift-format-ignore: NeverUseForceTry
  /// Makes a value of that many levels and has the library go through it.
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
  @Test(.timeLimit(.minutes(5)), arguments: DeepCall.contained)
  func `P3: a library that recurses until the stack is used up ends its process, and serves others`(
    call: DeepCall
  ) throws {
    let ends = Log<ExitReason>()
    let log = Log<Int>()
    let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
      runtime.spawn(Down.self) { process in
        for number in 1...6 {
          // The library is at another place each time when the stack ends.
          process.spawnMonitored(down: { $0 }) { _ in
            withLess(stack: (110 << 10) + number * 1_234) { call.run(levels: call.levels) }
          }
          ends.add(try process.receive().reason)
          // Whoever held a lock would stop this.
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

  @Test(.timeLimit(.minutes(5)))
  func `P3: a library that recurses until the stack is used up ends what called it in blocking`() throws {
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

  @Test(.timeLimit(.minutes(5)), arguments: [SpawnOptions(), SpawnOptions(stack: .dedicated(bytes: 256 << 10))])
  func `P3: after a library has used up its part of the guard, that is whole again`(options: SpawnOptions) throws {
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

/// Calls `body` with that much of the stack used up.
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

/// How many values are in one, by reflection.
private func parts(of value: Any) -> Int { Mirror(reflecting: value).children.reduce(1) { $0 + parts(of: $1.value) } }
