// SPDX-License-Identifier: Apache-2.0
//
// Whose a process's suspends are.
// SU1. A suspend belongs to the process that made it: that one alone takes it back, by `resume` or by ending. A suspend
//      that a thread made, or a process on itself, is common: anybody may take it back, and nobody's end does.
// SU2. The suspended process has the list of its suspenders, under the lock of its extras. The count in its signals is
//      the sum of that list, and changes under that lock, too.
// SU3. A suspender has the list of those that it has suspended, which nobody else touches, so that its end finds them.
//      The entries of a pair name each other by the place in this list. When the suspended process ends, or an exit
//      takes its suspends back, the suspender's entry is stale: it leads nowhere, and is dropped with others later.

import Synchronization

/// The two lists of a process, made when it first needs one of them and kept with its extras.
struct SuspendLists: ~Copyable {
  /// Under the lock of the extras (SU2).
  fileprivate var suspenders = SlotMap<Suspender>()
  /// The process's own (SU3).
  fileprivate var suspended = SlotMap<Suspended>()
  /// Stale entries are looked for when there are as many as that.
  fileprivate var purgeCount = minPurgeCount

  fileprivate static var minPurgeCount: Int { 16 }

  static var types: [Any.Type] { SlotMap<Suspender>.types + SlotMap<Suspended>.types }
}

/// A process that has suspended another; or nobody, for the common suspends (SU1).
private struct Suspender {
  let process: ProcessHandle?
  let id: ProcessID
  /// Where it has its own entry (SU3).
  let place: Int
  /// How many of its suspends it has not taken back.
  var count: UInt32

  init(_ process: ProcessHandle?, place: Int) {
    self.process = process
    id = process?.it.identity ?? ProcessID(bits: 0)
    self.place = place
    count = 1
  }

  func isOf(_ owner: ProcessHandle?) -> Bool {
    process == owner && (owner == nil || id == owner!.it.identity)
  }
}

/// A process that another has suspended.
private struct Suspended {
  let process: ProcessHandle
  let id: ProcessID
}

extension Handle<ProcessRecord> {
  /// Adds a suspend of the process that runs on the caller's thread, or of that thread (SU1); nothing for a process
  /// that has ended.
  // Ordering: a guess; `isStill` decides.
  func suspend(_ id: ProcessID, by caller: ProcessHandle?) {
    guard it.generation.load(ordering: .relaxed) == id.generation else { return }
    let owner = caller == self ? nil : caller
    if addSuspend(id, owner, at: nil) != .unknownOwner { return }
    let place = owner?.noteSuspended(self, id) ?? -1
    if addSuspend(id, owner, at: place) == .processEnded { owner?.forgetSuspended(place) }
  }

  /// Takes one suspend of the caller's back, or else a common one; wakes the process if it was the last.
  // Ordering: as above.
  func resume(_ id: ProcessID, by caller: ProcessHandle?) {
    guard it.generation.load(ordering: .relaxed) == id.generation, hasExtras, let lists = extras().suspendLists else {
      return
    }
    let owner = caller == self ? nil : caller
    var ownPlace: Int?
    let isFree = withSuspenders(lists, of: id) { suspenders in
      guard
        let index = suspenders.firstPlace(where: { $0.isOf(owner) })
          ?? suspenders.firstPlace(where: { $0.isOf(nil) })
      else { return 0 }
      if suspenders[index]!.count > 1 {
        suspenders.change(index) { $0.count -= 1 }
      } else {
        if suspenders[index]!.process != nil { ownPlace = suspenders[index]!.place }
        suspenders.remove(index)
      }
      return 1
    }
    if let ownPlace { owner!.forgetSuspended(ownPlace) }
    if isFree { wakeIfParked() }
  }

  /// Takes every suspend of that process back: it was told to exit, and is woken for that by the caller.
  func takeEverySuspendBack(_ generation: UInt32) {
    guard hasExtras, let lists = extras().suspendLists else { return }
    var taken = SlotMap<Suspender>()
    _ = withSuspenders(lists, of: ProcessID(slot: 0, generation: generation)) { suspenders in
      taken = suspenders.takeAll()
      var count: UInt32 = 0
      taken.each { _, suspender in count += suspender.count }
      return count
    }
  }

  /// The process ends: it takes back what it has suspended (SU1), and nobody suspends it any more.
  func endSuspends() {
    guard let lists = extras().suspendLists else { return }
    let suspenders = extras().it.lock.withLock { lists.it.suspenders.takeAll() }
    let suspended = lists.it.suspended.takeAll()
    lists.it.purgeCount = SuspendLists.minPurgeCount
    suspended.each { place, other in other.process.loseSuspender(other.id, self, place) }
    withExtendedLifetime(suspenders) {}
  }

  /// What both lists take; the caller has the process.
  var suspendBytes: Int {
    guard let lists = extras().suspendLists else { return 0 }
    let others = extras().it.lock.withLock { lists.it.suspenders.bytes }
    return MemoryLayout<SuspendLists>.size + others + lists.it.suspended.bytes
  }

  // MARK: The suspended process's side

  private enum Addition { case done, unknownOwner, processEnded }

  /// Counts a suspend of an owner that is in the list, or puts it in where its own entry's place is given.
  private func addSuspend(_ id: ProcessID, _ owner: ProcessHandle?, at place: Int?) -> Addition {
    let extras = extras()
    let lists = extras.makeSuspendLists()
    var room = SlotMap<Suspender>.Room()
    while true {
      let addition: Addition? = extras.it.lock.withLock {
        guard isStill(id.generation) else { return .processEnded }
        if let index = lists.it.suspenders.firstPlace(where: { $0.isOf(owner) }) {
          lists.it.suspenders.change(index) { $0.count += 1 }
        } else {
          guard let place else { return .unknownOwner }
          guard lists.it.suspenders.hasRoom(&room) else { return nil }
          _ = lists.it.suspenders.add(Suspender(owner, place: place))
        }
        it.signals.suspend()
        return .done
      }
      if let addition { return addition }
      room.grow()
    }
  }

  /// Changes the list of a process that still lives, and takes as many suspends back as the change says; whether these
  /// were the last.
  private func withSuspenders(
    _ lists: Handle<SuspendLists>,
    of id: ProcessID,
    _ change: (inout SlotMap<Suspender>) -> UInt32
  ) -> Bool {
    extras().it.lock.withLock {
      guard isStill(id.generation) else { return false }
      let count = change(&lists.it.suspenders)
      return count > 0 && it.signals.resume(count)
    }
  }

  /// A suspender ends, whose own entry is at that place.
  private func loseSuspender(_ id: ProcessID, _ owner: ProcessHandle, _ place: Int) {
    guard hasExtras, let lists = extras().suspendLists else { return }
    let isFree = withSuspenders(lists, of: id) { suspenders in
      guard let index = suspenders.firstPlace(where: { $0.isOf(owner) && $0.place == place }) else { return 0 }
      let count = suspenders[index]!.count
      suspenders.remove(index)
      return count
    }
    if isFree { wakeIfParked() }
  }

  /// Whether that process has a suspender whose own entry is at that place.
  private func isSuspended(_ id: ProcessID, by owner: ProcessHandle, _ place: Int) -> Bool {
    guard hasExtras, let lists = extras().suspendLists else { return false }
    return extras().it.lock.withLock {
      isStill(id.generation)
        && lists.it.suspenders.firstPlace { $0.isOf(owner) && $0.place == place } != nil
    }
  }

  private func wakeIfParked() {
    if it.inbox.claim() { wake(from: Scheduler.current) }
  }

  // MARK: The suspender's side

  /// Notes whom this process suspends; the place of the entry.
  private func noteSuspended(_ other: ProcessHandle, _ id: ProcessID) -> Int {
    let lists = extras().makeSuspendLists()
    if lists.it.suspended.count >= lists.it.purgeCount {
      dropStale(lists)
      lists.it.purgeCount = max(SuspendLists.minPurgeCount, 2 * lists.it.suspended.count)
    }
    return lists.it.suspended.add(Suspended(process: other, id: id))
  }

  private func forgetSuspended(_ place: Int) { extras().suspendLists!.it.suspended.remove(place) }

  private func dropStale(_ lists: Handle<SuspendLists>) {
    var stale: [Int] = []
    lists.it.suspended.each { place, other in
      if !other.process.isSuspended(other.id, by: self, place) { stale.append(place) }
    }
    for place in stale { lists.it.suspended.remove(place) }
  }
}

extension Handle<ProcessExtras> {
  /// The lists, if they were made.
  // Ordering: acquiring pairs with `makeSuspendLists`.
  fileprivate var suspendLists: Handle<SuspendLists>? {
    Handle<SuspendLists>(bits: it.suspendListsBits.load(ordering: .acquiring))
  }

  fileprivate func makeSuspendLists() -> Handle<SuspendLists> {
    guard let lists = suspendLists ?? Handle<SuspendLists>.install(SuspendLists(), in: it.suspendListsBits) else {
      fatalError("Joist: there is no memory for what a process needs")
    }
    return lists
  }
}
