// SPDX-License-Identifier: Apache-2.0
//
// Waiting. The process's own side switches away, and tests its condition again when it is back, because a wake is only
// a hint. The side of its successor on the thread parks the process, and then looks whether something arrived meanwhile
// (G2).

import Synchronization

/// Why a process waits, as seen from outside; every kind of wait has its own case.
public enum WaitReason: UInt8, Sendable, Hashable, CaseIterable {
  /// In `receive`, for a message.
  case receive = 1
  /// In `sleep`.
  case sleep
  /// In `blocking`, for the closure to return.
  case blocking
  /// In `call`, for the reply.
  case call
  /// In `send`, for a full mailbox with ``SpawnOptions/WhenFull/block`` to admit the message.
  case send
  /// In `join`, for another process to end.
  case join
  /// For a lock, a semaphore, a barrier, a `Once` or a channel.
  case turn
  /// For a file descriptor.
  case descriptor
  /// For a Swift task, in `awaiting`.
  case task
}

extension Handle<Scheduler> {
  /// Parks a process that has switched away to wait.
  @inline(__always)
  func park(_ process: ProcessHandle) {
    if !parkQuickly(process) { parkOrQueue(process) }
  }

  /// Parks a process that waits only for mail, if nothing else is asked of it.
  ///
  /// Returns false if the caller still has the process and must deal with it.
  @inline(__always)
  private func parkQuickly(_ process: ProcessHandle) -> Bool {
    process.it.transition(.block)
    it.counters.parks.add()
    process.it.usage.waits.add()
    guard process.it.flags == [.started, .onStack, .wantsMail], process.parkForMail() else {
      return false
    }
    if process.it.signals.ordered.isEmpty && !it.runtime.it.slots.isUnderPressure { return true }
    return !process.it.inbox.claim()
  }

  /// Parks a waiting process, or queues it if something has arrived for it; either way the caller gives it up.
  @inline(never)
  func parkOrQueue(_ process: ProcessHandle) {
    while !tryToPark(process) {
      if isSlotWanted(process) {
        surrender(process)
        if process.it.signals.ordered.isDisjoint(with: .wakesWaiting) { continue }
      }
      process.it.transition(.wake)
      record(.ready, process)
      return enqueue(process)
    }
  }

  /// Parks a process that was taken to run but is suspended, until it is resumed.
  ///
  /// Returns false if it was resumed meanwhile; the caller then still has it.
  @inline(never)
  func hold(_ process: ProcessHandle) -> Bool {
    if !process.isHeld { return false }
    process.it.transition(.hold)
    process.it.flags.remove(.wantsMail)
    record(.held, process)
    while !tryToPark(process) {
      if isSlotWanted(process) { surrender(process) }
      if !process.isHeld {
        process.it.transition(.wake)
        return false
      }
    }
    return true
  }

  /// Tries to park a process: parks it, and then looks whether anything has arrived for it (G2).
  ///
  /// Returns true if it is parked and the caller no longer has it. Returns false if the caller still has it, and there
  /// is something to do.
  @inline(__always)
  func tryToPark(_ process: ProcessHandle) -> Bool {
    // `flags` and the slot are read before the process is parked, because the thread that claims it may change them.
    let hasSlot = process.hasSharedSlot
    let flags = process.it.flags
    let isParked = flags.contains(.wantsMail) ? process.parkForMail() : process.it.inbox.park(mailWakes: false)
    guard isParked else { return false }
    let signals = process.it.signals.ordered
    let isAnswered = flags.contains(.awaitsAnswer) && process.it.cell.isAnswered
    let isWoken = !signals.suspendsHoldBack(flags) && (isAnswered || !signals.isDisjoint(with: flags.wakingSignals))
    let mustFreeSlot = hasSlot && (signals.contains(.slotWanted) || it.runtime.it.slots.isUnderPressure)
    return !(isWoken || mustFreeSlot) || !process.it.inbox.claim()
  }

  /// Whether a sharer waits for the stack slot of a process that the caller has.
  private func isSlotWanted(_ process: ProcessHandle) -> Bool {
    process.hasSharedSlot && it.runtime.it.slots.isWanted(process)
  }
}

extension Handle<ProcessRecord> {
  /// Parks the process until a message comes; returns false if one is there.
  ///
  /// That sets the count of unread messages to zero (E1), so what the owner had then counts as zero, too.
  // Ordering: relaxed, as `unreadThen` says.
  @inline(__always)
  fileprivate func parkForMail() -> Bool {
    let unreadThen = it.unreadThen.load(ordering: .relaxed)
    if unreadThen > 0 { it.unreadThen.store(0, ordering: .relaxed) }
    if it.inbox.park(mailWakes: true) { return true }
    if unreadThen > 0 { it.unreadThen.store(unreadThen, ordering: .relaxed) }
    return false
  }

  /// Whether suspends keep the process from running; the caller has it.
  @inline(__always)
  var isHeld: Bool { it.signals.ordered.suspendsHoldBack(it.flags) }

  /// Whether the process occupies a slot that others may want.
  ///
  /// It may have been chosen as occupant only now, with its frames not restored yet.
  @inline(__always)
  var hasSharedSlot: Bool {
    guard let slot = it.slot, slot.it.isShared else { return false }
    return it.flags.contains(.onStack) || slot.it.occupant == self
  }
}
