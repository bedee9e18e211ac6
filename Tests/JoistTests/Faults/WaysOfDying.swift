// SPDX-License-Identifier: Apache-2.0
//
// The ways in which native Swift code crashes. Operands pass through a function that is opaque to the optimizer, so
// that no crash is decided at compile time.

import CFaultProbe
import Dispatch
import Foundation
import Joist
import Synchronization

/// A way to crash that leaves no lock held.
enum WayOfDying: String, CaseIterable, Sendable {
  case index, sliceRange, removeLast, stringIndex, unwrap, dictionaryUnwrap, urlUnwrap, rawValue
  case addition, subtraction, multiplication, negation, absolute, narrowing, fromNaN
  case division, remainder, divisionOverflow
  case fatal, precondition, preconditionFailed, tried, cast, castToProtocol, unowned, exclusivity
  case range, stride, dictionaryLiteral, uniqueKeys, hugeArray, hugeString
  case mainActor, actorIsolation, dispatchQueue, data, substring, cTrap, cDivision
}

private struct Failure: Error {}
private class Animal {}
private class Cat: Animal { var lives = 9 }
private final class Dog: Animal {}
private protocol Swimmer {}
private enum Small: Int { case one = 1 }

private final class Holder {
  unowned let animal: Animal
  init(_ animal: Animal) { self.animal = animal }
}

private actor Isolated {
  nonisolated func claim() { assumeIsolated { _ in } }
}

/// Returns `value` in a way that is opaque to the optimizer.
@inline(never) @_optimize(none)
func unknown<Value>(_ value: Value) -> Value { value }

@inline(never)
private func modify(_ number: inout Int, _ body: () -> Void) {
  body()
  number += 1
}

extension WayOfDying {
  /// Crashes in this way; does not return.
  // swift-format-ignore: NeverUseForceTry
  func die() throws {
    let zero = unknown(0)
    let numbers = unknown([1, 2, 3])
    switch self {
    case .index: print(numbers[zero + 7])
    case .sliceRange: print(numbers[zero..<zero + 9].count)
    case .removeLast:
      var empty = unknown([Int]())
      empty.removeLast()
    case .stringIndex:
      let text = unknown("abc")
      print(text[text.index(text.startIndex, offsetBy: zero + 9)])
    case .unwrap: print(unknown(Int?.none)!)
    case .dictionaryUnwrap: print(unknown([1: 2])[zero]!)
    case .urlUnwrap: print(URL(string: unknown(""))!)
    case .rawValue: print(Small(rawValue: zero)!)
    case .addition: print(Int.max - zero + 1 + zero)
    case .subtraction: print(unknown(UInt8(0)) - 1)
    case .multiplication: print(unknown(Int.max) * 2)
    case .negation: print(-unknown(Int.min))
    case .absolute: print(abs(unknown(Int.min)))
    case .narrowing: print(UInt8(unknown(300)))
    case .fromNaN: print(Int(unknown(Double.nan)))
    case .division: print(1 / zero)
    case .remainder: print(1 % zero)
    case .divisionOverflow: print(unknown(Int.min) / (zero - 1))
    case .fatal: fatalError("fatal \(zero)")
    case .precondition: Swift.precondition(zero == 1, "a promise")
    case .preconditionFailed: preconditionFailure("never")
    case .tried: try! unknown { throw Failure() }()
    case .cast: print((unknown(Dog() as Animal) as! Cat).lives)
    case .castToProtocol: print(unknown(1 as Any) as! any Swimmer)
    case .unowned:
      var animal: Animal? = unknown(Animal())
      let holder = Holder(animal!)
      animal = nil
      print(unknown(holder).animal)
    case .exclusivity:
      var number = unknown(1)
      let add = { number += 1 }
      modify(&number, unknown(add))
    case .range: print(unknown(5)..<unknown(2))
    case .stride: for number in Swift.stride(from: 0, to: 10, by: zero) { print(number) }
    case .dictionaryLiteral: print([zero: 1, unknown(0): 2])
    case .uniqueKeys: print(Dictionary(uniqueKeysWithValues: unknown([(1, 1), (1, 2)])))
    case .hugeArray: print(UnsafeMutableRawPointer.allocate(byteCount: unknown(1 << 55), alignment: 16))
    case .hugeString: print(String(repeating: "abcdefgh", count: unknown(1 << 58)).count)
    case .mainActor: MainActor.assumeIsolated {}
    case .actorIsolation: Isolated().claim()
    case .dispatchQueue: dispatchPrecondition(condition: .onQueue(DispatchQueue(label: "other")))
    case .data: print(unknown(Data([1]))[zero + 4])
    case .substring: print((unknown("abc") as NSString).substring(with: NSRange(location: 9, length: 3)))
    case .cTrap: probe_trap()
    case .cDivision: print(probe_divide(1, Int32(zero)))
    }
  }
}
