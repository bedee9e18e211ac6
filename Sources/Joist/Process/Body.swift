// SPDX-License-Identifier: Apache-2.0
//
// The closure of a process, between spawn and start.
// B1. `ProcessContext<M>` is the same sixteen bytes for every `M`, so a closure that takes one is called in the same
//     way for every `M`. It is stored as one of `Never`, and no closure is made around it.
// B2. Until the process starts its body lies in the record, in two words that are used otherwise only after that.

/// A body as it was given: a struct around the closure, so that generic code passes it as it is.
@usableFromInline
struct Body<Message: ~Copyable> {
  @usableFromInline let run: (ProcessContext<Message>) throws -> Void

  @inlinable @inline(__always)
  init(_ run: sending @escaping (ProcessContext<Message>) throws -> Void) { self.run = run }

  // Sound: by B1 it is called in the same way.
  /// Without the type of its messages.
  @inlinable
  var untyped: Body<Never> { @inline(__always) get { unsafe unsafeBitCast(self, to: Body<Never>.self) } }
}

// Sound: a body is put into a free place, and taken out of it once.
extension Handle<Body<Never>> {
  /// Puts a body in.
  @inline(__always)
  func put(_ body: consuming Body<Never>) { unsafe pointer.initialize(to: body) }

  /// Moves the body out.
  @inline(__always)
  func take() -> Body<Never> { unsafe pointer.move() }
}
