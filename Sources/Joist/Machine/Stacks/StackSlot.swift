// SPDX-License-Identifier: Apache-2.0
//
// A stack slot: the stack that a process runs on, a range of addresses with a guard below it. Processes that share a
// slot take turns in it; the others' frames are saved elsewhere meanwhile. The frames in a slot are those of its
// occupant. The owner of that process (PS1) owns the slot, too. A slot without an occupant is the table's, under the
// table's lock.
//
// U1. A process belongs to one slot from its first slice to its end: its frames contain addresses, so they must be at
//     the same place whenever it runs. Processes that belong to the same slot are its sharers.
// U3. While a process does not have its frames in its slot, they are in a block of memory, its saved frames. They are
//     restored, under the table's lock, when the process is taken to run and its slot has no occupant or a parked
//     occupant whose frames can be saved in turn.
// U4. Otherwise the process waits in the slot's list, and the occupant gets the signal `slotWanted`. When the occupant
//     returns to its scheduler, that scheduler queues the waiting process. So sharers alternate, slice by slice.
// U5. An unassigned process, one that has no slot yet, never waits for a particular slot. It takes a free slot, one
//     without an occupant, or that of a process that has been parked for some time. If there is none, it waits for the
//     first slot that any process leaves (`pressure`).
// U6. A process that waits cannot take the free slots that schedulers cache, so these are at most half of all slots.
//     Each of the others is either free for every process or has an occupant that will leave it.
// U7. A slot costs at least a page while it has an occupant. Schedulers reclaim slots in the background: a process that
//     has waited for a second leaves its slot, which gives its pages back. When there are many times as many processes
//     as slots, a tenth of a second is enough, and unassigned processes take turns in the first few slots, so that all
//     other slots can be reclaimed.
// U8. Frames are copied without the lock. The thread that copies them owns the process (PS1). The slot belongs by then
//     to another process, which the same thread restores, or queues only after it has copied.
// U9. The first unassigned process that is about to wait raises `pressure`, passes the heavy fence, and looks for a
//     parked process once more. A thread that parks a process does so, passes the light fence, and reads `pressure`.
//     So at least one of the two sees the other, and the slot changes hands.
// U10. Slots of the first block and dedicated ones are not reclaimed. If the process in one of them has waited for a
//     second, the pages below its frames are given back, once in each wait.
// U11. If there is no memory to save frames in, they stay where they are. The process that was to get the slot is
//     queued and tries again when it is taken to run.

import CJoist
import Synchronization

/// A stack, shared by several processes or dedicated to one.
package struct StackSlot: ~Copyable {
  /// The lowest address that frames may reach.
  ///
  /// It is the first field because the signal handler changes it for a while.
  private(set) var low: UInt
  /// The address above the first frame.
  let top: UInt
  /// Whether the slot is one of the table's; a dedicated one belongs to a single process, which leaves it at its end.
  let isShared: Bool
  /// The NUMA node of the slot's pages, if it has any (NU2).
  ///
  /// It is the node of the first scheduler that used the slot since its pages were last given back.
  var node = 0
  /// The process whose frames are in the slot.
  ///
  /// The slot's owner stores it, also without the lock. Other threads read it under the lock, to find a process to
  /// claim.
  // Ordering: relaxed. The process that is read may have left already. The reader claims it, which orders everything
  // that the process did before, and then reads the occupant again. U9 ensures that a process that has parked is found
  // at all.
  var occupant: ProcessHandle? {
    @inline(__always) get { Handle(bits: occupantWord.load(ordering: .relaxed)) }
    @inline(__always) nonmutating set { occupantWord.store(newValue?.bits ?? 0, ordering: .relaxed) }
  }
  private let occupantWord = Atomic<UInt>(0)
  /// The number of processes that belong to the slot (U1); changed under the table's lock, or by a sole sharer.
  var sharers = 0
  /// The sharers that are ready and wait for the slot (U4); under the table's lock.
  var waiting = ReadyList()
  /// The next slot in a free list, in a cache, in the list of slots without an occupant, or among the dedicated ones.
  var next: Handle<StackSlot>?
  /// The previous dedicated slot.
  var previous: Handle<StackSlot>?
  /// The wait, as the process notes it, in which its pages were given back (U10); under the table's lock.
  var shrunkFor: UInt64 = 0
  /// Whether the slot is in the list of slots without an occupant.
  ///
  /// It may have an occupant again: entries are checked when they are taken.
  // Ordering: stored under the lock. While it is true, a slot is taken only under the lock. A thread that reads false
  // without the lock (`vacate`) acquires everything that was done before. A thread never misses that it was true,
  // because the occupant was restored under the lock after it was set.
  let isListed = Atomic<Bool>(false)
  /// Whether the slot was reclaimed and has sharers (U7); unassigned processes take it only if there is no other.
  ///
  /// Under the table's lock.
  var isReclaimed = false

  /// The function that a first frame calls: a process's beginning, or only its end when its frames are abandoned.
  enum Entry { case main, end }

  /// The address at which frames begin.
  // Sound: the address is the stack's end.
  var firstFrame: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(bitPattern: top)! }

  /// The word above the first frame and the sentinel, which notes what the body holds (B3).
  // Sound: the address is in the stack.
  var note: UnsafeMutableRawPointer { unsafe firstFrame - MemoryLayout<UInt>.size }

  /// Lays the first frame of a process.
  // Sound: the process owns the stack, and nothing on it is needed any more.
  func lay(_ process: ProcessHandle, entry: Entry) {
    let stack = unsafe firstFrame
    let record = unsafe UnsafeMutableRawPointer(process.pointer)
    // Not the calling thread's control words: the process that runs on it may have changed them.
    let control = process.home.it.control
    switch entry {
    case .main:
      unsafe note.storeBytes(of: 0, as: UInt.self)
      unsafe process.it.stackPointer = joist_stack_lay_with(stack, { unsafe processMain($0) }, record, control)
    case .end:
      unsafe process.it.stackPointer = joist_stack_lay_with(stack, { unsafe processEnd($0) }, record, control)
    }
  }

  /// Ends the use of the frames, to which no thread returns. Returns whether the words above the first one are intact.
  // Sound: they are within the stack.
  func endFrames() -> Bool { unsafe joist_stack_end(firstFrame) }

  /// Returns whether an address lies in the stack.
  @inline(__always)
  func contains(_ address: UInt) -> Bool { address >= low && address < top }
}

extension Handle<StackSlot> {
  /// Makes a process the occupant; if sharers wait, signals the process to leave, like the occupant before it (U4).
  @inline(__always)
  func receive(_ process: ProcessHandle) {
    it.occupant = process
    if it.waiting.count > 0 { process.it.signals.raise(.slotWanted) }
  }

  /// Gives all pages back; the caller owns the slot, and nothing on it is needed any more.
  func discard(on platform: any Platform) { discard(Int(it.top - it.low), on: platform) }

  /// Gives the pages of the `bytes` above the lowest address back; the caller owns the slot and needs none of them.
  // Sound: the range is within the stack, and the caller vouches that nothing in it is needed.
  func discard(_ bytes: Int, on platform: any Platform) {
    unsafe platform.discard(UnsafeMutableRawPointer(bitPattern: it.low)!, bytes: bytes)
  }
}

/// A list of free slots.
struct StackSlotCache {
  private var first: Handle<StackSlot>?
  private(set) var count = 0

  @inline(__always)
  mutating func take() -> Handle<StackSlot>? {
    guard let slot = first else { return nil }
    first = slot.it.next
    count &-= 1
    return slot
  }

  @inline(__always)
  mutating func put(_ slot: Handle<StackSlot>) {
    slot.it.next = first
    first = slot
    count &+= 1
  }
}
