// SPDX-License-Identifier: Apache-2.0
//
// From a reference to an address, and whether the caller may be there: in as few instructions as possible.

public import CJoist

extension Handle<PrivateHeap> {
  /// Where the object is that a reference leads to (HN1).
  ///
  /// The young space is tried first, by a branch: what is looked at most is there, and a computed choice of the space
  /// would make every access wait for it. Stops whoever has a reference that leads nowhere.
  @inlinable @inline(__always)
  func address(of bits: UInt) -> UInt {
    let offset = bits &- it.young.first
    if offset < it.young.span { return it.young.base &+ HeapSpace.bytes(ofSpan: offset) }
    let oldOffset = bits &- it.old.first
    guard oldOffset < it.old.span else { refuse(bits) }
    return it.old.base &+ HeapSpace.bytes(ofSpan: oldOffset)
  }

  /// Notes that an object was written, if it may refer to others and nobody knows yet (HC2).
  @inlinable @inline(__always)
  func note(writtenTo object: UInt, _ bits: UInt) {
    if Handle<UInt>(address: object).it & HeapHeader.logged == 0 { remember(bits) }
  }

  // Sound: the word is set by a scheduler's own thread, while the scheduler lives; what it leads to is that, and its
  // field is where `takeThread` has found it.
  /// Whether the process whose heap it is runs here.
  @inlinable
  var isHere: Bool {
    @inline(__always) get {
      guard let scheduler = unsafe joist_thread_current() else { return false }
      return unsafe scheduler.load(fromByteOffset: Scheduler.runningOffset, as: UInt.self) == it.owner
    }
  }

  // MARK: The calls that are not worth it

  /// The caller touches the heap, which its process alone may do (PH1).
  func willTouch(_ what: StaticString) -> Handle<Scheduler> {
    guard isHere else {
      fatalError(
        "Joist: a private heap was \(what) where its process does not run. It belongs to the body that was given it."
      )
    }
    if !process.hasRoomToCall { process.overflow() }
    return Scheduler.current!
  }

  /// The caller does what may move everything (PH2).
  func willMove(_ what: StaticString) -> Handle<Scheduler> {
    let scheduler = willTouch(what)
    if it.isTracing { fatalError("Joist: a private heap was \(what) within a `trace` (HC3)") }
    if it.pins > 0 {
      fatalError(
        "Joist: a private heap was \(what) within `withElements`, whose elements would move (PH2): do that before or "
          + "after"
      )
    }
    return scheduler
  }

  @usableFromInline @inline(never)
  func refuse(_ bits: UInt) -> Never {
    if it.isTracing { fatalError("Joist: a private heap was looked into within a `trace` (HC3)") }
    fatalError(
      "Joist: a heap reference was followed that leads nowhere. A collection did not keep it (it changes what it was "
        + "given, and what the `trace` of that visits), or it belongs to another process."
    )
  }
}
