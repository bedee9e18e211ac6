// SPDX-License-Identifier: Apache-2.0
//
// A trace cannot name a value that may have references but does not declare them.
// error: type 'Hoard' does not conform to the 'Sendable' protocol
// error: type 'Hoard' does not conform to the 'Sendable' protocol
// error: conformance of 'HeapRef<Pointee>' to 'Sendable' is unavailable
// error: type 'Shelf' does not conform to the 'Sendable' protocol
// error: type '() -> Int' does not conform to the 'Sendable' protocol
// error: type 'Content' does not conform to the 'Sendable' protocol
// error: type 'Any' does not conform to the 'Sendable' protocol
// error: conformance of 'HeapRef<Pointee>' to 'Sendable' is unavailable
// error: type 'Hoard' does not conform to the 'Sendable' protocol

import Joist

struct Hoard { var ref: HeapRef<Int> }

final class Shelf { var ref: HeapRef<Int>? }

struct State<Content>: HeapTraceable {
  var hoard: Hoard
  var hoards: [String: [Hoard?]]
  var pair: (HeapRef<Int>, Int)
  var shelf: Shelf
  var action: () -> Int
  var content: Content
  var any: Any
  let constant: HeapRef<Int>
  let constants: [Hoard]

  mutating func trace(_ tracer: inout HeapTracer) {
    tracer.visit(&hoard)
    tracer.visit(&hoards)
    tracer.visit(&pair)
    tracer.visit(&shelf)
    tracer.visit(&action)
    tracer.visit(&content)
    tracer.visit(&any)
    tracer.skip(constant)
    tracer.skip(constants)
  }
}
