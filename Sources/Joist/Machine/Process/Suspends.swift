// SPDX-License-Identifier: Apache-2.0
//
// The owners of suspends. A suspend belongs to the process that made it: only that process takes it back, by `resume`
// or by ending. A suspend made by a thread, or by a process on itself, is common: any process or thread may take it
// back, and no end does.
// SU2. The suspended process has the list of its suspenders, under the lock of its extras. The count in its signals is
//      the sum of that list, and changes under the same lock.
//
// A suspender has the list of the processes that it has suspended, which only it touches, so that its end finds them.
// The entry in the other process's list stores the index of the entry in this one, and the two name each other by it.
// When the suspended process ends, or an exit takes its suspends back, the suspender's entry becomes stale: it leads
// nowhere, and is dropped with others later.

import Synchronization

/// The two lists of a process, allocated when it first needs one of them and kept with its extras.
struct SuspendLists: ~Copyable {
  /// The processes that suspend this one, under the lock of the extras (SU2).
  fileprivate var suspenders = SlotMap<Suspender>()
  /// The processes that this one has suspended; only this process touches it.
  fileprivate var suspended = SlotMap<Suspended>()
  /// The number of entries at which stale ones are looked for.
  fileprivate var purgeCount = minPurgeCount

  fileprivate static var minPurgeCount: Int { 16 }

  static var types: [Any.Type] { SlotMap<Suspender>.types + SlotMap<Suspended>.types }
}

/// A process that has suspended another, or nil for common suspends.
private struct Suspender {
  let process: ProcessHandle?
  let id: ProcessID
  /// The index of its own entry, in the list of those that it has suspended.
  let entry: Int
  /// The number of its suspends that it has not taken back.
  var count: UInt32

  init(_ process: ProcessHandle?, entry: Int) {
    self.process = process
    id = process?.it.identity ?? ProcessID(bits: 0)
    self.entry = entry
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
  /// Adds a suspend that belongs to `caller`, or a common one if that is nil or this process itself.
  ///
  /// Does nothing if the process has ended.
  // Ordering: relaxed, a guess; `isStill` decides.
  func suspend(_ id: ProcessID, by caller: ProcessHandle?) {
    guard it.generation.load(ordering: .relaxed) == id.generation else { return }
    let owner = caller == self ? nil : caller
    if addSuspend(id, owner, at: nil) != .unknownOwner { return }
    let entry = owner?.noteSuspended(self, id) ?? -1
    if addSuspend(id, owner, at: entry) == .processEnded { owner?.forgetSuspended(entry) }
  }

  /// Takes back one suspend of `caller`, or else a common one, and wakes the process if it was the last.
  // Ordering: relaxed, a guess; `isStill` decides.
  func resume(_ id: ProcessID, by caller: ProcessHandle?) {
    guard it.generation.load(ordering: .relaxed) == id.generation, hasExtras, let lists = extras().suspendLists else {
      return
    }
    let owner = caller == self ? nil : caller
    var ownEntry: Int?
    let isFree = withSuspenders(lists, of: id) { suspenders in
      guard
        let index = suspenders.firstPlace(where: { $0.isOf(owner) })
          ?? suspenders.firstPlace(where: { $0.isOf(nil) })
      else { return 0 }
      if suspenders[index]!.count > 1 {
        suspenders.change(index) { $0.count -= 1 }
      } else {
        if suspenders[index]!.process != nil { ownEntry = suspenders[index]!.entry }
        suspenders.remove(index)
      }
      return 1
    }
    if let ownEntry { owner!.forgetSuspended(ownEntry) }
    if isFree { wakeIfParked() }
  }

  /// Takes back every suspend of the process with that generation, which was told to exit; the caller wakes it.
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

  /// Ends the suspends of a process that ends: it takes back its own, and cannot be suspended any more.
  func endSuspends() {
    guard let lists = extras().suspendLists else { return }
    let suspenders = extras().it.lock.withLock { lists.it.suspenders.takeAll() }
    let suspended = lists.it.suspended.takeAll()
    lists.it.purgeCount = SuspendLists.minPurgeCount
    suspended.each { entry, other in other.process.loseSuspender(other.id, self, entry) }
    withExtendedLifetime(suspenders) {}
  }

  /// The bytes of both lists; the caller has the process.
  var suspendBytes: Int {
    guard let lists = extras().suspendLists else { return 0 }
    let others = extras().it.lock.withLock { lists.it.suspenders.bytes }
    return MemoryLayout<SuspendLists>.size + others + lists.it.suspended.bytes
  }

  // MARK: The suspended process's side

  private enum Addition { case done, unknownOwner, processEnded }

  /// Counts a suspend of an owner that is in the list, or adds the owner if the index of its own entry is given.
  private func addSuspend(_ id: ProcessID, _ owner: ProcessHandle?, at entry: Int?) -> Addition {
    let extras = extras()
    let lists = extras.makeSuspendLists()
    var room = SlotMap<Suspender>.Room()
    while true {
      let addition: Addition? = extras.it.lock.withLock {
        guard isStill(id.generation) else { return .processEnded }
        if let index = lists.it.suspenders.firstPlace(where: { $0.isOf(owner) }) {
          lists.it.suspenders.change(index) { $0.count += 1 }
        } else {
          guard let entry else { return .unknownOwner }
          guard lists.it.suspenders.hasRoom(&room) else { return nil }
          _ = lists.it.suspenders.add(Suspender(owner, entry: entry))
        }
        it.signals.suspend()
        return .done
      }
      if let addition { return addition }
      room.grow()
    }
  }

  /// Changes the list of a process that still lives, and takes back as many suspends as `change` returns.
  ///
  /// Returns whether these were the last.
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

  /// Removes a suspender that ends, whose own entry has that index.
  private func loseSuspender(_ id: ProcessID, _ owner: ProcessHandle, _ entry: Int) {
    guard hasExtras, let lists = extras().suspendLists else { return }
    let isFree = withSuspenders(lists, of: id) { suspenders in
      guard let index = suspenders.firstPlace(where: { $0.isOf(owner) && $0.entry == entry }) else { return 0 }
      let count = suspenders[index]!.count
      suspenders.remove(index)
      return count
    }
    if isFree { wakeIfParked() }
  }

  /// Whether the process with that id has a suspender whose own entry has that index.
  private func isSuspended(_ id: ProcessID, by owner: ProcessHandle, _ entry: Int) -> Bool {
    guard hasExtras, let lists = extras().suspendLists else { return false }
    return extras().it.lock.withLock {
      isStill(id.generation)
        && lists.it.suspenders.firstPlace { $0.isOf(owner) && $0.entry == entry } != nil
    }
  }

  private func wakeIfParked() {
    if it.inbox.claim() { wake(from: Scheduler.current) }
  }

  // MARK: The suspender's side

  /// Notes that this process suspends `other`, and returns the index of the entry.
  private func noteSuspended(_ other: ProcessHandle, _ id: ProcessID) -> Int {
    let lists = extras().makeSuspendLists()
    if lists.it.suspended.count >= lists.it.purgeCount {
      dropStale(lists)
      lists.it.purgeCount = max(SuspendLists.minPurgeCount, 2 * lists.it.suspended.count)
    }
    return lists.it.suspended.add(Suspended(process: other, id: id))
  }

  private func forgetSuspended(_ entry: Int) { extras().suspendLists!.it.suspended.remove(entry) }

  private func dropStale(_ lists: Handle<SuspendLists>) {
    var stale: [Int] = []
    lists.it.suspended.each { entry, other in
      if !other.process.isSuspended(other.id, by: self, entry) { stale.append(entry) }
    }
    for entry in stale { lists.it.suspended.remove(entry) }
  }
}

extension Handle<ProcessExtras> {
  /// The lists; nil if they were not made yet.
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
