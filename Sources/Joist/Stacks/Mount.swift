// SPDX-License-Identifier: Apache-2.0
//
// Getting a process onto a stack, and off it again. Rules U1 to U6 (`Slot`).

extension Handle<Scheduler> {
  /// Sees to it that a process that was taken to run has its frames in place.
  ///
  /// False when it has to wait for a slot: whoever leaves one queues it again.
  @inline(__always)
  func mount(_ process: ProcessHandle) -> Bool {
    if process.it.flags.contains(.mounted) { return true }
    if process.it.slot == nil, let slot = it.freeSlots.take() {
      settleNew(process, in: slot)
      return true
    }
    return mountSlowly(process)
  }

  /// The first mount: the process belongs to the slot from now on.
  @inline(__always)
  private func settleNew(_ process: ProcessHandle, in slot: Handle<Slot>) {
    slot.it.mates += 1
    slot.receive(process)
    process.it.slot = slot
    process.it.flags.insert(.mounted)
    slot.it.lay(process, entry: .main)
  }

  @inline(never)
  private func mountSlowly(_ process: ProcessHandle) -> Bool {
    var moved = ReadyList()
    it.runtime.it.slots.lock.lock()
    let mounted =
      if let slot = process.it.slot {
        mountAgain(process, in: slot, &moved)
      } else {
        mountNewcomer(process, &moved)
      }
    it.runtime.it.slots.lock.unlock()
    while let process = moved.removeFirst() { settle(process) }
    return mounted
  }

  /// For one that has a slot (U3, U4).
  ///
  /// Under the table's lock.
  private func mountAgain(_ process: ProcessHandle, in slot: Handle<Slot>, _ moved: inout ReadyList) -> Bool {
    if let resident = slot.it.resident, resident != process, claim(resident, in: slot, &moved) != .moved {
      it.runtime.it.slots.addWaiting(process, for: slot)
      resident.it.signals.raise(.slotWanted)
      // It may have parked before it could see that (G2).
      guard claim(resident, in: slot, &moved) == .moved else { return false }
      let chosen = it.runtime.it.slots.choose(for: slot)
      if chosen != process {
        if let chosen { enqueue(chosen) }
        return false
      }
    }
    slot.receive(process)
    comeBack(process, to: slot)
    return true
  }

  /// For one without a slot (U5).
  ///
  /// Under the table's lock.
  private func mountNewcomer(_ process: ProcessHandle, _ moved: inout ReadyList) -> Bool {
    if let slot = it.runtime.it.slots.takeFree() ?? it.runtime.it.slots.takeEmpty() {
      settleNew(process, in: slot)
      return true
    }
    // Whoever waits already has looked everywhere, and whoever parks now sees that somebody waits.
    let others = it.runtime.it.slots.isUnderPressure
    if !others, let slot = findCold(&moved, sparing: true) {
      settleNew(process, in: slot)
      return true
    }
    it.runtime.it.slots.addNewcomer(process)
    if !others, let slot = findCold(&moved, sparing: false) {
      it.runtime.it.slots.removeNewcomer(process)
      settleNew(process, in: slot)
      return true
    }
    return false
  }

  private func findCold(_ moved: inout ReadyList, sparing: Bool) -> Handle<Slot>? {
    it.runtime.it.slots.findCold { claim($0, in: $1, &moved, sparing: sparing) }
  }

  /// Claims a parked resident and moves it to its image.
  ///
  /// It is put on the list of those that have to be settled, once the table's lock is gone: parked again, or made ready
  /// if something has come for it. With `sparing` one that ran lately is left where it is, and has not run lately the
  /// next time.
  private func claim(
    _ resident: ProcessHandle,
    in slot: Handle<Slot>,
    _ moved: inout ReadyList,
    sparing: Bool = false
  ) -> SlotTable.Claim {
    guard resident.it.inbox.claim() else { return .notParked }
    // The one that was seen in the slot may have ended, and its record may be another's, elsewhere.
    let isHere = resident.it.slot == slot && slot.it.resident == resident
    if !isHere || sparing && resident.it.flags.contains(.ranLately) {
      resident.it.flags.remove(.ranLately)
      if !leave(resident) { moved.append(resident) }
      return isHere ? .ranLately : .notParked
    }
    goAway(resident)
    moved.append(resident)
    return .moved
  }

  /// The process leaves its slot to whoever wants it, if anybody still does.
  ///
  /// The caller has the process.
  @inline(never)
  func surrender(_ process: ProcessHandle) {
    it.runtime.it.slots.lock.lock()
    process.it.signals.clear(.slotWanted)
    var chosen: ProcessHandle?
    if process.hasSharedSlot, let slot = process.it.slot,
      slot.it.waiting.count > 0 || it.runtime.it.slots.isUnderPressure
    {
      goAway(process)
      chosen = it.runtime.it.slots.choose(for: slot)
    }
    it.runtime.it.slots.lock.unlock()
    if let chosen { enqueue(chosen) }
  }

  /// Parks a process whose frames go to its image at once; its slot gives its memory back and is free for others.
  // Sound: the slot has no resident while its pages are given back, under the table's lock.
  @inline(never)
  func hibernate(_ process: ProcessHandle) {
    if process.hasSharedSlot, let slot = process.it.slot {
      it.runtime.it.slots.lock.lock()
      goAway(process)
      let low = unsafe UnsafeMutableRawPointer(bitPattern: slot.it.low)!
      unsafe it.runtime.it.platform.discard(low, bytes: Int(slot.it.top - slot.it.low))
      let chosen = it.runtime.it.slots.choose(for: slot)
      if chosen == nil { it.runtime.it.slots.putEmpty(slot) }
      it.runtime.it.slots.lock.unlock()
      if let chosen { enqueue(chosen) }
    }
    park(process)
  }

  /// The process has ended: its slot is free, or its mates'.
  @inline(__always)
  func vacate(_ process: ProcessHandle) {
    let slot = process.it.slot!
    precondition(slot.it.sentinelHolds, "P3: the stack of \(process.id) was left at its upper end")
    process.it.slot = nil
    process.it.flags = []
    if slot.it.isShared, slot.it.mates == 1, !slot.it.isListed, !it.runtime.it.slots.isWanted(process),
      !it.isSpare, it.freeSlots.count < it.runtime.it.slots.mostKept
    {
      slot.it.mates = 0
      slot.it.resident = nil
      it.freeSlots.put(slot)
    } else {
      vacateSlowly(process, slot)
    }
  }

  @inline(never)
  private func vacateSlowly(_ process: ProcessHandle, _ slot: Handle<Slot>) {
    guard slot.it.isShared else { return it.runtime.it.slots.releaseDedicated(slot) }
    it.runtime.it.slots.lock.lock()
    slot.it.mates -= 1
    slot.it.resident = nil
    let chosen = it.runtime.it.slots.choose(for: slot)
    if chosen == nil {
      if slot.it.mates > 0 {
        it.runtime.it.slots.putEmpty(slot)
      } else if !slot.it.isListed {
        it.runtime.it.slots.putFree(slot)
      }
    }
    it.runtime.it.slots.lock.unlock()
    if let chosen { enqueue(chosen) }
  }

  // MARK: Copying; under the table's lock.

  /// Frames from the slot to an image; one that was chosen and is not mounted yet only leaves.
  // Sound: the process does not run; its frames lie between its stack pointer and its slot's top.
  private func goAway(_ process: ProcessHandle) {
    let slot = process.it.slot!
    process.it.signals.clear(.slotWanted)
    slot.it.resident = nil
    guard process.it.flags.contains(.mounted) else { return }
    let frames = unsafe process.it.stackPointer!
    let bytes = Int(slot.it.top - UInt(bitPattern: frames))
    let image = unsafe it.runtime.it.slots.images.take(bytes)
    unsafe image.copyMemory(from: frames, byteCount: bytes)
    unsafe process.it.image = image
    process.it.flags.remove(.mounted)
    it.figures.copiesOut.add()
  }

  /// Frames from the image to the same addresses, or a first frame for one that has none.
  // Sound: the slot has no other resident; the image was made by `goAway` from the same addresses.
  private func comeBack(_ process: ProcessHandle, to slot: Handle<Slot>) {
    process.it.flags.insert(.mounted)
    guard let image = unsafe process.it.image else { return slot.it.lay(process, entry: .main) }
    let frames = unsafe process.it.stackPointer!
    let bytes = Int(slot.it.top - UInt(bitPattern: frames))
    unsafe frames.copyMemory(from: image, byteCount: bytes)
    unsafe it.runtime.it.slots.images.give(image, bytes)
    unsafe process.it.image = nil
    it.figures.copiesIn.add()
  }
}
