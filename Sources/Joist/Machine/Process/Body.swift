// SPDX-License-Identifier: Apache-2.0
//
// The closure of a process, between spawn and start. `ProcessContext<M>` consists of the same sixteen bytes for every
// `M`, so a closure that takes one is called in the same way for every `M`. It is stored as a closure of `Never`, and
// no wrapper closure is allocated.
// B2. Until the process starts, its body lies in the record, in two words whose other use begins only after that.
// B3. While the body runs, the frame that called it holds what the body captured. A note above that frame says so: if a
//     crash or a kill leaves the frame for good, the captures are released by way of the note.

/// A process body as the caller gave it.
///
/// The struct around the closure lets generic code pass it on without wrapping it.
@usableFromInline
struct Body<Message: ~Copyable> {
  @usableFromInline let run: (ProcessContext<Message>) throws -> Void

  @inlinable @inline(__always)
  init(_ run: sending @escaping (ProcessContext<Message>) throws -> Void) { self.run = run }

  // Sound: the closure is called in the same way for every message type (file header).
  /// The body without the type of its messages.
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

// Sound: the note is on the process's own stack, above its first frame. It is an unretained copy of the reference that
// the calling frame retains, and is set just before the call and cleared just after it (B3).
extension Handle<ProcessRecord> {
  private var bodyNote: UnsafeMutableRawPointer { unsafe it.slot!.it.note }

  /// Runs the body.
  @inline(__always)
  func run(_ body: Body<Never>) throws {
    try holding(body) { try body.run(ProcessContext<Never>(self)) }
  }

  /// Calls `act` while this frame holds what the body captured.
  @inline(__always)
  func holding(_ body: Body<Never>, _ act: () throws -> Void) rethrows {
    try withExtendedLifetime(body) {
      unsafe bodyNote.storeBytes(of: unsafeBitCast(body, to: (UInt, UInt).self).1, as: UInt.self)
      defer { unsafe bodyNote.storeBytes(of: 0, as: UInt.self) }
      try act()
    }
  }

  /// Releases what the body captured, if the frame that held it was left for good.
  func dropBody() {
    guard let captured = unsafe UnsafeRawPointer(bitPattern: bodyNote.load(as: UInt.self)) else { return }
    unsafe bodyNote.storeBytes(of: 0, as: UInt.self)
    unsafe Unmanaged<AnyObject>.fromOpaque(captured).release()
  }
}
