// SPDX-License-Identifier: Apache-2.0
//
// A process waits. Its own side: switch away, and when it is back, test again, for a wake is only a hint. The side of
// whoever runs after it: park it, then look whether something came meanwhile (G2).

/// Why a process waits: unique and descriptive, as seen from outside.
public enum WaitReason: UInt8, Sendable, Hashable, CaseIterable {
  /// In `receive`, for a message.
  case receive = 1
  /// In `sleep`.
  case sleep
  /// In `blocking`, for its closure.
  case blocking
  /// In `call`, for the reply.
  case call
  /// In `send`, for room in a mailbox that blocks.
  case send
  /// In `join`, for another's end.
  case join
  /// For a lock, semaphore, barrier, `Once` or channel.
  case turn
  /// For a descriptor.
  case descriptor
}

extension Handle<Scheduler> {
  /// Parks a process that left to wait.
  @inline(__always)
  func park(_ process: ProcessHandle) {
    if !parkQuickly(process) { releaseClaim(process) }
  }

  /// Parks a process that left to wait for nothing but mail, where nobody wants anything else of it.
  ///
  /// False when it is to be settled.
  @inline(__always)
  private func parkQuickly(_ process: ProcessHandle) -> Bool {
    process.it.transition(.block)
    it.counters.parks.add()
    guard process.it.flags == [.started, .onStack, .wantsMail], process.it.inbox.park(mailWakes: true) else {
      return false
    }
    if process.it.signals.ordered.isEmpty && !it.runtime.it.slots.isUnderPressure { return true }
    return !process.it.inbox.claim()
  }

  /// Parks a waiting process and leaves it, unless something has come for it: then it is made ready.
  @inline(never)
  func releaseClaim(_ process: ProcessHandle) {
    while !leave(process) {
      if wantsOut(process) {
        surrender(process)
        if process.it.signals.ordered.isDisjoint(with: .ofInterestOutside) { continue }
      }
      process.it.transition(.wake)
      return enqueue(process)
    }
  }

  /// Keeps a process that was taken to run, but is suspended, until it is resumed.
  ///
  /// False when it was meanwhile.
  @inline(never)
  func hold(_ process: ProcessHandle) -> Bool {
    if !process.isHeld { return false }
    process.it.transition(.hold)
    process.it.flags.remove(.wantsMail)
    while !leave(process) {
      if wantsOut(process) { surrender(process) }
      if !process.isHeld {
        process.it.transition(.wake)
        return false
      }
    }
    return true
  }

  /// Parks a process and then looks whether anything has come for it (G2).
  ///
  /// True when it is parked, and the caller has it no more; false when there is something to do and the caller still
  /// has it.
  @inline(__always)
  func leave(_ process: ProcessHandle) -> Bool {
    // Whoever claims it writes to these.
    let hasSlot = process.hasSharedSlot
    let flags = process.it.flags
    guard process.it.inbox.park(mailWakes: flags.contains(.wantsMail)) else { return false }
    let signals = process.it.signals.ordered
    let isAnswered = flags.contains(.awaitsAnswer) && process.it.cell.isAnswered
    let isWoken = !signals.areHolding(flags) && (isAnswered || !signals.isDisjoint(with: flags.wakingSignals))
    let isInTheWay = hasSlot && (signals.contains(.slotWanted) || it.runtime.it.slots.isUnderPressure)
    return !(isWoken || isInTheWay) || !process.it.inbox.claim()
  }

  /// Whether a process that the caller has is in a slot that somebody else waits for.
  private func wantsOut(_ process: ProcessHandle) -> Bool {
    process.hasSharedSlot && it.runtime.it.slots.isWanted(process)
  }
}

extension Handle<ProcessRecord> {
  /// Whether suspends keep it from running; the caller has the process.
  @inline(__always)
  var isHeld: Bool { it.signals.ordered.areHolding(it.flags) }

  /// Whether it is the resident of a slot that others may want; perhaps only since it was chosen, and not yet mounted.
  @inline(__always)
  var hasSharedSlot: Bool {
    guard let slot = it.slot, slot.it.isShared else { return false }
    return it.flags.contains(.onStack) || slot.it.occupant == self
  }
}
