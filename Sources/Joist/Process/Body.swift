// SPDX-License-Identifier: Apache-2.0
//
// The closure of a process, between spawn and start.
// B1. `ProcessContext<M>` is the same sixteen bytes for every `M`, so a closure that takes one is called in the same
//     way for every `M`. It is stored as what it is and taken out as one of `Never`, and no closure is made around it.

/// A body as it was given.
@usableFromInline
struct Body<Message: ~Copyable> {
  /// In a struct of its own, so that generic code stores the closure as it is.
  @usableFromInline let run: (ProcessContext<Message>) throws -> Void

  @inlinable
  init(_ run: @escaping (ProcessContext<Message>) throws -> Void) { self.run = run }
}

/// Room for one body.
@usableFromInline
struct BodyStorage {
  @usableFromInline var words: (UInt, UInt) = (0, 0)

  @inlinable
  init() {}

  // Sound: a closure is two words, and this room is given over to it until `take`.
  @inlinable
  init<Message: ~Copyable>(_ body: Body<Message>) {
    unsafe withUnsafeMutableBytes(of: &words) { room in
      _ = unsafe room.baseAddress!.initializeMemory(as: Body<Message>.self, repeating: body, count: 1)
    }
  }

  // Sound: called once for each body put in; by B1 the type it comes out with is called in the same way.
  mutating func take() -> Body<Never> {
    unsafe withUnsafeMutableBytes(of: &words) { room in
      unsafe room.baseAddress!.assumingMemoryBound(to: Body<Never>.self).move()
    }
  }

  /// Destroys a body that will not run.
  mutating func destroy() { _ = take() }
}
