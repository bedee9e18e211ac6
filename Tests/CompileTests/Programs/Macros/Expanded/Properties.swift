// SPDX-License-Identifier: Apache-2.0
//
// The trace names every stored property, whatever its type.

import Joist
import JoistMacros

final class Settings: Sendable {}

final class File {}

@HeapTraceable
enum Colour {
  case red
}

@HeapTraceable
struct State {
  struct Part {
    @HeapTraceable
    struct Inner: BitwiseCopyable, HeapTraceable {
      var ref: HeapRef<Int>
    }
  }

  var left, right: HeapRef<Int>?
  var (first, second) = (1, "two")
  var tracer: [HeapRef<Int>] = []
  var `in`: [String: Part.Inner] = [:]
  var pair: (HeapRef<Int>, rest: (count: Int, last: HeapRef<Int>?))
  var anything: any HeapTraceable
  @available(macOS 15, *) var number: Int
  let name: String
  let colours: [Colour]
  let copy: HeapCopy<HeapRef<Int>>
  lazy var late = number
  var seen: Int { didSet { number += 1 } }
  weak var settings: Settings?
  @HeapIgnored let heap: ProcessHeap
  @JoistMacros.HeapIgnored var file: File
  static let zero = 0
  var sum: Int { number + seen }
  var double: Int {
    get { 2 * number }
    set { number = newValue / 2 }
  }
  func nothing() {}
}

@HeapTraceable
struct Generic<First: HeapTraceable, Second: Sendable> {
  var first: First?
  var second: Second
}
