// SPDX-License-Identifier: Apache-2.0
//
// The closure of a process, between spawn and start.
// B1. `ProcessContext<M>` is the same sixteen bytes for every `M`, so a closure that takes one is called in the same
//     way for every `M`. It is stored as one of `Never`, and no closure is made around it.
// B2. Until the process starts its body lies in the record, in two words that are used otherwise only after that.
// B3. While it runs the frame that called it holds what it captured. That is noted above the frame: if the frame is
//     left for good, by a crash or a kill, it is released from there.

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

// Sound: the note is on the process's own stack, above its first frame. It is a copy without a count of what that frame
// has with one, from before the call until just after it (B3).
extension Handle<ProcessRecord> {
  private var bodyNote: UnsafeMutableRawPointer { unsafe it.slot!.it.note }

  /// Runs the body.
  @inline(__always)
  func run(_ body: Body<Never>) throws {
    try holding(body) { try body.run(ProcessContext<Never>(self)) }
  }

  /// Does something while this frame holds what the body captured.
  @inline(__always)
  func holding(_ body: Body<Never>, _ act: () throws -> Void) rethrows {
    try withExtendedLifetime(body) {
      unsafe bodyNote.storeBytes(of: unsafeBitCast(body, to: (UInt, UInt).self).1, as: UInt.self)
      defer { unsafe bodyNote.storeBytes(of: 0, as: UInt.self) }
      try act()
    }
  }

  /// Releases what a body captured whose frame is left for good.
  func dropBody() {
    guard let captured = unsafe UnsafeRawPointer(bitPattern: bodyNote.load(as: UInt.self)) else { return }
    unsafe bodyNote.storeBytes(of: 0, as: UInt.self)
    unsafe Unmanaged<AnyObject>.fromOpaque(captured).release()
  }
}
