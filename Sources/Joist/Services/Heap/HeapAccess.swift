// SPDX-License-Identifier: Apache-2.0
//
// From a reference to an address, with the checks that the reference is valid and the caller may use the heap, in as
// few instructions as possible.

public import CJoist

extension Handle<PrivateHeap> {
  /// Returns the address of the object that a reference leads to (HN1); traps if the reference is stale.
  ///
  /// The young space is tried first, with a branch: most accesses go there, and a computed choice of the space would
  /// make every access wait for it.
  @inlinable @inline(__always)
  func address(of bits: UInt) -> UInt {
    let offset = bits &- it.young.first
    if offset < it.young.span { return it.young.base &+ HeapSpace.bytes(ofSpan: offset) }
    let oldOffset = bits &- it.old.first
    guard oldOffset < it.old.span else { refuse(bits) }
    return it.old.base &+ HeapSpace.bytes(ofSpan: oldOffset)
  }

  /// Records a write to an object if the object may have references and is not yet logged (HC2).
  @inlinable @inline(__always)
  func note(writtenTo object: UInt, _ bits: UInt) {
    if Handle<UInt>(address: object).it & HeapHeader.logged == 0 { remember(bits) }
  }

  // Sound: a scheduler's own thread sets the word while the scheduler lives. The word leads to that scheduler, whose
  // field is at the offset that `takeThread` has found.
  /// Whether the process that owns the heap runs on the calling thread.
  @inlinable
  var isHere: Bool {
    @inline(__always) get {
      guard let scheduler = unsafe joist_thread_current() else { return false }
      return unsafe scheduler.load(fromByteOffset: Scheduler.runningOffset, as: UInt.self) == it.owner
    }
  }

  // MARK: Calls that are not worth inlining

  /// Checks that the owning process is about to touch the heap (PH1); returns its scheduler.
  func willTouch(_ what: StaticString) -> Handle<Scheduler> {
    guard isHere else {
      fatalError(
        "Joist: a private heap was \(what) where its process does not run. Only the body that got it may use it."
      )
    }
    if !process.hasRoomToCall { process.overflow() }
    return Scheduler.current!
  }

  /// Checks that the caller may do what moves objects (PH2); returns the scheduler.
  func willMove(_ what: StaticString) -> Handle<Scheduler> {
    let scheduler = willTouch(what)
    if it.isTracing { fatalError("Joist: a private heap was \(what) within a `trace`, which only visits references") }
    if it.pins > 0 {
      fatalError(
        "Joist: a private heap was \(what) within `withElements`, whose elements would move: do it before or "
          + "after"
      )
    }
    return scheduler
  }

  @usableFromInline @inline(never)
  func refuse(_ bits: UInt) -> Never {
    if it.isTracing { fatalError("Joist: a private heap was accessed within a `trace`, which only visits references") }
    fatalError(
      "Joist: a heap reference was followed that leads nowhere. A collection did not keep it (it updates the state "
        + "that it gets and what the `trace` of that state visits), or it belongs to another process."
    )
  }
}
