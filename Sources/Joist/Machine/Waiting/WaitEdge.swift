// SPDX-License-Identifier: Apache-2.0
//
// Which process a waiting process waits for. A call, a `join`, a wait for room in a mailbox and a wait for a lock can
// be ended by one other process only: the callee, the process that is to end, the receiver, the holder of the lock. So
// each waiter has at most one edge to another process, and a circle of waits is found by following the edges.
// WE1. The edge is a note in the word that has a message while a process is woken by one (E5); a process that waits for
//      a result is not woken so. The process stores the note after it has opened the wait, and clears it when it
//      continues, before it opens another wait. A thread that reads the note and then the number of the open wait may
//      combine a note with the number of a later wait. If it then reads the note again, it finds that note cleared.
// WE2. A process that begins to wait follows the edges. The notes, and the holders of locks, are sequentially
//      consistent, and each note publishes the wait that was opened before it. So of processes that close a circle at
//      the same moment, the one whose note is the last in that order sees the whole circle.
// WE3. The first pass reads the processes of a circle one after the other, and so at different times. Therefore a
//      second pass reads them again. If each is in the same wait, all of them waited at the moment between the passes.
//      The second pass also reads again which process each of them waits for. A process that holds a lock then, and is
//      in the same wait as before, held the lock at that moment, too. So none of them can end the wait of the one
//      before it while it waits itself.
//
// An edge to a process needs no generation. A process that ends answers everything that waits for it before its record
// has a next process. A request that was pushed to the record's next process is answered before the note is stored.

import Synchronization

/// The one process, or lock, that can end the present wait of a process: a note of a few bits beside an address.
struct WaitEdge: Equatable {
  let bits: UInt

  init(bits: UInt) { self.bits = bits }

  /// Tells a note from the address of a message.
  private static var isNote: UInt { 1 }
  private static var isLock: UInt { 2 }
  private static var isTimed: UInt { 4 }
  private static var mayReplyElsewhere: UInt { 8 }
  /// The notes of locks have only the flags above, because of their alignment.
  private static var mayEndOtherwise: UInt { 16 }
  private static var lockFlags: UInt { 15 }
  private static var processFlags: UInt { 31 }

  /// Makes the note of a wait for a process.
  init(to process: ProcessHandle, isTimed: Bool, mayReplyElsewhere: Bool, mayEndOtherwise: Bool) {
    bits =
      process.bits | Self.isNote | (isTimed ? Self.isTimed : 0) | (mayReplyElsewhere ? Self.mayReplyElsewhere : 0)
      | (mayEndOtherwise ? Self.mayEndOtherwise : 0)
  }

  /// Makes the note of a wait for a lock.
  init(to holder: Handle<LockHolderNote>, mayReplyElsewhere: Bool) {
    bits = holder.bits | Self.isNote | Self.isLock | (mayReplyElsewhere ? Self.mayReplyElsewhere : 0)
  }

  /// Returns the note in a record's word; nil if there is none.
  init?(word: UInt) {
    guard word & Self.isNote != 0 else { return nil }
    bits = word
  }

  /// Whether the wait has a timeout.
  var isTimed: Bool { bits & Self.isTimed != 0 }
  /// Whether the waiter has read a request that another process may reply to, because it may have handed the address of
  /// the reply on.
  var mayReplyElsewhere: Bool { bits & Self.mayReplyElsewhere != 0 }
  /// Whether another process may end this wait, which is one for a process.
  var mayEndOtherwise: Bool { !isForLock && bits & Self.mayEndOtherwise != 0 }
  private var isForLock: Bool { bits & Self.isLock != 0 }

  /// The process at the other end; nil for a lock that no process holds.
  var target: ProcessHandle? {
    guard isForLock else { return ProcessHandle(bits: bits & ~Self.processFlags) }
    return Handle<LockHolderNote>(address: bits & ~Self.lockFlags).it.process
  }
}

/// The process that holds a lock, for threads that follow edges; its memory is never freed.
struct LockHolderNote: ~Copyable {
  // Ordering: sequentially consistent for WE2. It is stored under the lock of the lock's queue.
  private let holder = Atomic<UInt>(0)
  fileprivate var next: Handle<LockHolderNote>?

  /// The process that holds the lock; nil if none does.
  var process: ProcessHandle? {
    get { ProcessHandle(bits: holder.load(ordering: .sequentiallyConsistent)) }
    nonmutating set { holder.store(newValue?.bits ?? 0, ordering: .sequentiallyConsistent) }
  }
}

/// The free notes of the program.
private let freeNotes = Handle<FreeNotes>.allocate(FreeNotes())

private struct FreeNotes: ~Copyable {
  let lock = SpinLock()
  var first: Handle<LockHolderNote>?
}

extension Handle<LockHolderNote> {
  /// Takes a free note, or allocates one.
  static func take() -> Handle<LockHolderNote> {
    let note: Handle<LockHolderNote>? = freeNotes.it.lock.withLock {
      guard let note = freeNotes.it.first else { return nil }
      freeNotes.it.first = note.it.next
      return note
    }
    return note ?? .allocate(LockHolderNote())
  }

  /// Gives a note back; another lock may have it next.
  func giveBack() {
    it.process = nil
    freeNotes.it.lock.withLock {
      it.next = freeNotes.it.first
      freeNotes.it.first = self
    }
  }
}

/// A process in a circle, in the wait that the first pass saw.
struct WaitingProcess: Equatable {
  let process: ProcessHandle
  let edge: WaitEdge
  /// The number of the wait in its cell.
  let number: UInt
}

extension Handle<ProcessRecord> {
  /// Notes that the process begins to wait for another one (WE1).
  ///
  /// `hasSent` is the number of messages that it has sent only for this wait. `mayEndOtherwise` says whether a process
  /// besides `other` may end the wait.
  @inline(__always)
  func beginEdge(
    _ reason: WaitReason,
    to other: ProcessHandle,
    isTimed: Bool,
    hasSent: Int = 0,
    mayEndOtherwise: Bool = false
  ) {
    let elsewhere = mayReplyElsewhere(hasSent: hasSent)
    begin(reason, WaitEdge(to: other, isTimed: isTimed, mayReplyElsewhere: elsewhere, mayEndOtherwise: mayEndOtherwise))
  }

  /// Notes that the process begins to wait for a lock (WE1).
  func beginEdge(to holder: Handle<LockHolderNote>) {
    begin(.turn, WaitEdge(to: holder, mayReplyElsewhere: mayReplyElsewhere(hasSent: 0)))
  }

  // Ordering: the note of the reason is relaxed, and published with the edge.
  @inline(__always)
  private func begin(_ reason: WaitReason, _ edge: WaitEdge) {
    it.wait.store(WaitNote(reason, since: Scheduler.current!.it.lastClock).bits, ordering: .relaxed)
    it.arrivedWord.store(edge.bits, ordering: .sequentiallyConsistent)
  }

  // Ordering: relaxed; the release of the next wait publishes it (WE1).
  /// Clears the note, because the process continues.
  @inline(__always)
  func endEdge() { it.arrivedWord.store(0, ordering: .relaxed) }

  /// The wait that the process is in, if only one other process can end it.
  // Ordering: sequentially consistent for WE2.
  var edgeWait: WaitingProcess? {
    guard let edge = WaitEdge(word: it.arrivedWord.load(ordering: .sequentiallyConsistent)),
      let number = cell.it.openNumber
    else { return nil }
    return WaitingProcess(process: self, edge: edge, number: number)
  }

  /// Follows the edges, and acts on a circle if they lead back to this process, whose wait is open (WE2).
  ///
  /// `other` is this process itself if it has just been given the lock that it waits for.
  @inline(__always)
  func followEdges(from other: ProcessHandle?) {
    guard let other, other != self, let next = other.edgeWait else { return }
    if leadsHere(next) { home.actOnCircle(closedBy: self) }
  }

  /// Whether the edges lead from a waiting process to this one.
  @inline(never)
  private func leadsHere(_ first: WaitingProcess) -> Bool {
    var next = first
    // The process at the last power of two. If the edges lead back to it, they never lead here.
    var mark = first.process
    for count in 1..<Limits.longestCircle {
      guard let target = next.edge.target else { return false }
      if target == self { return true }
      guard target != mark, let following = target.edgeWait else { return false }
      if count & (count - 1) == 0 { mark = target }
      next = following
    }
    return false
  }

  /// The processes of the circle that this process is in, this one first; nil if it is in none (WE3).
  var circle: [WaitingProcess]? {
    guard let own = edgeWait, let first = own.edge.target?.edgeWait, leadsHere(first) else { return nil }
    var circle = [own]
    while circle.count <= Limits.longestCircle {
      guard let target = circle.last!.edge.target else { return nil }
      if target == self { return circle.count > 1 && circle.isStillClosed ? circle : nil }
      guard let next = target.edgeWait else { return nil }
      circle.append(next)
    }
    return nil
  }
}

extension [WaitingProcess] {
  /// Whether each process is still in the same wait for the next one: the second pass (WE3).
  fileprivate var isStillClosed: Bool {
    indices.allSatisfy { index in
      let (waiting, next) = (self[index], self[(index + 1) % count].process)
      return waiting.process.edgeWait == waiting && waiting.edge.target == next
    }
  }
}
