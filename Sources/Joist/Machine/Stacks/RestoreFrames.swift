// SPDX-License-Identifier: Apache-2.0
//
// Putting a process's frames into its stack slot, and saving them elsewhere. Rules U1 to U11 (`StackSlot`).

import Synchronization

extension Handle<Scheduler> {
  /// Ensures that a process that was taken to run has its frames in its slot.
  ///
  /// Returns false if the process has to wait for a slot. The scheduler that handles the slot's next departure queues
  /// it again.
  @inline(__always)
  func restoreFrames(_ process: ProcessHandle) -> Bool {
    if process.it.flags.contains(.onStack) { return true }
    if process.it.slot == nil && it.freeSlots.count > 0 {
      assignFirstSlot(process)
      return true
    }
    return restoreFramesSlowly(process)
  }

  /// Assigns one of this scheduler's free slots to an unassigned process, which belongs to it from then on.
  @inline(never)
  func assignFirstSlot(_ process: ProcessHandle) {
    let slot = it.freeSlots.take()!
    assign(slot, to: process)
    process.it.flags.insert(.onStack)
    slot.it.lay(process, entry: .main)
  }

  @inline(__always)
  private func assign(_ slot: Handle<StackSlot>, to process: ProcessHandle) {
    slot.it.sharers += 1
    slot.receive(process)
    process.it.slot = slot
  }

  @inline(never)
  private func restoreFramesSlowly(_ process: ProcessHandle) -> Bool {
    var claimed = ReadyList()
    it.runtime.it.slots.lock.lock()
    var chosen =
      if let slot = process.it.slot {
        chooseSharer(process, in: slot, &claimed)
      } else {
        chooseForUnassigned(process, &claimed)
      }
    it.runtime.it.slots.lock.unlock()
    while let claimed = claimed.removeFirst() {
      if let slot = claimed.it.slot, slot.it.isShared, slot.it.occupant != claimed, !saveFrames(claimed) {
        takeBack(slot, for: claimed)
        chosen = nil
      }
      parkOrQueue(claimed)
    }
    if chosen == process { copyFramesBack(process) } else if let chosen { enqueue(chosen) }
    return chosen == process
  }

  /// Gives a slot back to a process whose frames could not be saved, and queues the process that was to get it (U11).
  private func takeBack(_ slot: Handle<StackSlot>, for process: ProcessHandle) {
    it.runtime.it.slots.lock.lock()
    let other = slot.it.occupant!
    slot.receive(process)
    it.runtime.it.slots.lock.unlock()
    enqueue(other)
  }

  /// Returns the process that gets the slot of `process` now: `process` itself, or one that waited for the slot; nil if
  /// none does (U3, U4).
  ///
  /// Under the table's lock.
  private func chooseSharer(
    _ process: ProcessHandle,
    in slot: Handle<StackSlot>,
    _ claimed: inout ReadyList
  ) -> ProcessHandle? {
    guard let occupant = slot.it.occupant, occupant != process, !claim(occupant, in: slot, &claimed) else {
      slot.receive(process)
      return process
    }
    it.runtime.it.slots.addWaiting(process, for: slot)
    occupant.it.signals.raise(.slotWanted)
    // The occupant may have parked before it could see the signal (G2).
    return claim(occupant, in: slot, &claimed) ? it.runtime.it.slots.choose(for: slot) : nil
  }

  /// Assigns a slot to an unassigned process and returns the process; nil if it has to wait (U5).
  ///
  /// Under the table's lock.
  private func chooseForUnassigned(_ process: ProcessHandle, _ claimed: inout ReadyList) -> ProcessHandle? {
    // A process that waits already has looked everywhere, and a thread that parks a process now sees that one waits.
    let othersWait = it.runtime.it.slots.isUnderPressure
    var found = it.runtime.it.slots.takeFree(near: it.node) ?? it.runtime.it.slots.takeEmpty()
    if found == nil && !othersWait { found = findCold(&claimed, sparing: true) }
    if found == nil {
      it.runtime.it.slots.addUnassigned(process)
      if !othersWait {
        it.runtime.it.platform.heavyFence()  // U9
        found = findCold(&claimed, sparing: false)
      }
      if found == nil { return nil }
      it.runtime.it.slots.removeUnassigned(process)
    }
    assign(found!, to: process)
    return process
  }

  private func findCold(_ claimed: inout ReadyList, sparing: Bool) -> Handle<StackSlot>? {
    it.runtime.it.slots.findCold(it.clock.count, among: it.runtime.liveCount, sparing: sparing) {
      claim($0, in: $1, &claimed)
    }
  }

  /// Claims a parked occupant and takes its slot away; returns false if it cannot be claimed.
  ///
  /// After the caller has released the table's lock, it saves the frames (U8) and releases the claim. The process is
  /// then parked again, or made ready if a message or signal has arrived for it.
  func claim(_ occupant: ProcessHandle, in slot: Handle<StackSlot>, _ claimed: inout ReadyList) -> Bool {
    guard claimOccupant(occupant, of: slot, &claimed) else { return false }
    occupant.it.signals.clear(.slotWanted)
    slot.it.occupant = nil
    return true
  }

  /// Claims a parked occupant, which keeps the slot for the time being; returns false if it cannot be claimed.
  func claimOccupant(_ occupant: ProcessHandle, of slot: Handle<StackSlot>, _ claimed: inout ReadyList) -> Bool {
    guard occupant.it.inbox.claim() else { return false }
    // The process that was seen in the slot may have ended, and its record may belong to another process elsewhere.
    let isOccupant = occupant.it.slot == slot && slot.it.occupant == occupant
    if isOccupant || !tryToPark(occupant) { claimed.append(occupant) }
    return isOccupant
  }

  /// Gives the slot of `process` to a process that waits for it, if one still does.
  ///
  /// The caller owns `process`.
  @inline(never)
  func surrender(_ process: ProcessHandle) {
    it.runtime.it.slots.lock.lock()
    process.it.signals.clear(.slotWanted)
    var chosen: ProcessHandle?
    if process.hasSharedSlot, let slot = process.it.slot {
      chosen = it.runtime.it.slots.choose(for: slot)
    }
    it.runtime.it.slots.lock.unlock()
    guard let chosen else { return }
    if saveFrames(process) { enqueue(chosen) } else { takeBack(chosen.it.slot!, for: process) }
  }

  /// Saves the frames of a process at once and parks it; its slot gives its pages back and becomes free for others.
  @inline(never)
  func hibernate(_ process: ProcessHandle) {
    if process.hasSharedSlot { moveOut(process, isReclaimed: false) }
    park(process)
  }

  /// Saves the frames of a process that the caller owns; its slot gives its pages back.
  ///
  /// The slot then belongs to a process that waits for it, or is free for other processes; if `isReclaimed`, only for
  /// those that find no other slot.
  ///
  /// - Returns: False if there is no memory to save the frames in. They stay in the slot then (U11).
  @discardableResult
  func moveOut(_ process: ProcessHandle, isReclaimed: Bool) -> Bool {
    guard let slot = process.it.slot, saveFrames(process) else { return false }
    slot.discard(on: it.runtime.it.platform)
    it.runtime.it.slots.lock.lock()
    process.it.signals.clear(.slotWanted)
    slot.it.occupant = nil
    let chosen = it.runtime.it.slots.choose(for: slot)
    if chosen == nil {
      if isReclaimed { slot.it.isReclaimed = true } else { it.runtime.it.slots.putEmpty(slot) }
    }
    it.runtime.it.slots.lock.unlock()
    if let chosen { enqueue(chosen) }
    return true
  }

  /// Leaves the slot of a process that has ended to its sharers, or makes it free.
  // Ordering: acquiring pairs with the release in `takeEmpty`, for the path without the lock; `vacateSlowly` locks.
  @inline(__always)
  func vacate(_ process: ProcessHandle) {
    let slot = process.it.slot!
    if !slot.it.endFrames() { stopTheProgram("P3: the stack of \(process.id) was left at its upper end") }
    process.it.slot = nil
    process.it.flags = []
    if slot.it.isShared, slot.it.sharers == 1, !slot.it.isListed.load(ordering: .acquiring), !slot.it.isReclaimed,
      !it.runtime.it.slots.isWanted(process), !it.isSpare, slot.it.node == it.node,
      it.freeSlots.count < it.runtime.it.slots.maxKept
    {
      slot.it.sharers = 0
      slot.it.occupant = nil
      it.freeSlots.put(slot)
    } else {
      vacateSlowly(process, slot)
    }
  }

  @inline(never)
  private func vacateSlowly(_ process: ProcessHandle, _ slot: Handle<StackSlot>) {
    guard slot.it.isShared else { return it.runtime.it.slots.releaseDedicated(slot) }
    it.runtime.it.slots.lock.lock()
    slot.it.sharers -= 1
    slot.it.occupant = nil
    let chosen = it.runtime.it.slots.choose(for: slot)
    if chosen == nil {
      if slot.it.sharers > 0 {
        it.runtime.it.slots.putEmpty(slot)
      } else if !slot.it.isListed.load(ordering: .relaxed) {
        it.runtime.it.slots.putFree(slot)
      }
    }
    it.runtime.it.slots.lock.unlock()
    if let chosen { enqueue(chosen) }
  }

  // MARK: Copying (U8)

  /// Copies the frames of a process from its slot to memory for saved frames.
  ///
  /// Does nothing for a process that was chosen for a slot but has no frames there yet. Returns false if there is no
  /// memory.
  // Sound: the process does not run; its frames lie between its stack pointer and its slot's top.
  private func saveFrames(_ process: ProcessHandle) -> Bool {
    guard process.it.flags.contains(.onStack) else { return true }
    let frames = unsafe process.it.stackPointer!
    let bytes = Int(process.it.slot!.it.top - UInt(bitPattern: frames))
    guard let savedFrames = unsafe takeSavedFrames(bytes) else { return false }
    unsafe savedFrames.copyMemory(from: frames, byteCount: bytes)
    unsafe process.it.savedFrames = savedFrames
    process.it.flags.remove(.onStack)
    it.counters.framesSaved.add()
    record(.framesSaved, process)
    return true
  }

  /// Copies saved frames back to the same addresses, or lays a first frame for a process that has none.
  // Sound: the process has the slot; `saveFrames` copied the frames from the same addresses.
  private func copyFramesBack(_ process: ProcessHandle) {
    let slot = process.it.slot!
    process.it.flags.insert(.onStack)
    guard let savedFrames = unsafe process.it.savedFrames else { return slot.it.lay(process, entry: .main) }
    let frames = unsafe process.it.stackPointer!
    let bytes = Int(slot.it.top - UInt(bitPattern: frames))
    unsafe frames.copyMemory(from: savedFrames, byteCount: bytes)
    unsafe giveSavedFrames(savedFrames, bytes)
    unsafe process.it.savedFrames = nil
    it.counters.framesRestored.add()
    record(.framesRestored, process)
  }
}

extension Handle<ProcessRecord> {
  /// The size of the whole pages of the stack below the frames; the caller owns the process.
  // Sound: as above.
  var bytesBelowFrames: Int {
    guard it.flags.contains(.onStack), let slot = it.slot, let frames = unsafe it.stackPointer else { return 0 }
    let free = Int(UInt(bitPattern: frames) - slot.it.low) - Limits.belowFrames
    return max(0, free) / HostPlatform.pageBytes * HostPlatform.pageBytes
  }

  /// The memory that the frames occupy, in a block for saved frames or in whole pages; the caller owns the process.
  // Sound: as above; nothing is read there.
  var frameBytes: Int {
    guard let slot = it.slot, let frames = unsafe it.stackPointer else { return 0 }
    let bytes = Int(slot.it.top - UInt(bitPattern: frames))
    if unsafe it.savedFrames != nil { return SavedFramesPool.bytesTaken(for: bytes) }
    return (bytes + HostPlatform.pageBytes - 1) / HostPlatform.pageBytes * HostPlatform.pageBytes
  }
}
