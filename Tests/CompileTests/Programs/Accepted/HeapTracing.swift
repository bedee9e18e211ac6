// SPDX-License-Identifier: Apache-2.0
//
// A trace can name every property: it visits those with references, and `Sendable` ones have none.

import Joist

struct Point {
  var x = 1
  var y = 2
}

enum Colour: Int {
  case red
  case green
}

final class Settings: Sendable {}

struct Empty: HeapTraceable {
  var number = 1
  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&number) }
}

struct Box<Content: HeapTraceable>: HeapTraceable {
  var content: Content
  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&content) }
}

struct Leaf<Content: Sendable>: HeapTraceable {
  var content: Content
  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&content) }
}

struct References: HeapTraceable {
  var one: HeapRef<Int>
  var array: HeapArray<UInt8>
  var optional: HeapRef<Int>?
  var list: [HeapRef<Int>?]
  var table: [String: [HeapRef<Int>]]
  var box: Box<HeapRef<Int>>
  var any: any HeapTraceable

  mutating func trace(_ tracer: inout HeapTracer) {
    tracer.visit(&one)
    tracer.visit(&array)
    tracer.visit(&optional)
    tracer.visit(&list)
    tracer.visit(&table)
    tracer.visit(&box)
    tracer.visit(&any)
  }
}

struct Others: HeapTraceable {
  var number = 1
  var text = "text"
  var colour = Colour.red
  var points: [Point?] = []
  var table: [String: Set<Int>] = [:]
  var pair = (1, "two")
  var settings = Settings()
  var action: @Sendable () -> Void = {}
  var any: any Sendable = 1
  var peer: ProcessRef<HeapCopy<HeapRef<Int>>>
  var empties: [String: [Empty]] = [:]
  var leaf = Leaf(content: 1)
  let name = "name"
  lazy var late = number + 1
  var seen = 1 { didSet { number += 1 } }

  mutating func trace(_ tracer: inout HeapTracer) {
    tracer.visit(&number)
    tracer.visit(&text)
    tracer.visit(&colour)
    tracer.visit(&points)
    tracer.visit(&table)
    tracer.visit(&pair)
    tracer.visit(&settings)
    tracer.visit(&action)
    tracer.visit(&any)
    tracer.visit(&peer)
    tracer.visit(&empties)
    tracer.visit(&leaf)
    tracer.skip(name)
    tracer.skip(late)
    tracer.skip(seen)
  }
}
