// SPDX-License-Identifier: Apache-2.0
//
// Where processes run: a stretch of addresses with a guard below it.
// U1. A process belongs to a slot from its first run to its end: its frames hold addresses, so they are always at the
//     same place while it runs. Processes that belong to one slot are slot-mates.
// U2. The resident of a slot has its frames there. Who has the resident process (A1) has the slot; a slot without a
//     resident is the table's, under its lock.
// U3. The frames of a process that is not mounted are in its image. It is mounted, under the table's lock, when it is
//     taken to run and its slot has no resident, or one that is parked and can be moved to an image itself.
// U4. Otherwise it waits in the slot's list and the resident is told `slotWanted`; it is queued again by the scheduler
//     that the resident comes back to. So mates alternate, slice by slice.
// U5. A process that has no slot yet never waits for a certain one: it takes a free one, one without a resident, or a
//     cold process's; else it waits for the first that anybody leaves (`pressure`).
// U6. The free slots that schedulers keep for themselves are out of reach of those who wait, so together they are at
//     most half of all: the others are free for everybody, or somebody's who will leave.
// U7. A slot costs a page for as long as somebody has it. Schedulers sweep over the slots at their leisure: who has
//     waited for a second leaves its slot, which gives its pages back. When there are many times as many processes as
//     slots, a tenth of that is enough, and newcomers take turns in the first few slots: the others are let grow cold.
// U8. Frames are copied without the lock: who moves a process has it (A1), and its slot is by then the one's that the
//     copier itself mounts, or queues after copying.
// U9. The first newcomer that is to wait says so (`pressure`), passes the heavy fence, and looks for a parked process
//     once more. Whoever parks one does that, passes the light fence, and looks at `pressure`. So one of the two sees
//     the other, and the slot changes hands.
// U10. Stacks of the first block and dedicated ones are not swept. Of those whose processes have waited for a second,
//     the pages below the frames are given back, once in each wait.
// U11. Where there is no memory for an image the frames stay where they are; whoever was to have the slot is queued,
//     and tries again when it is taken to run.

import CJoist
import Synchronization

/// A stack, shared by its mates or dedicated to one process.
package struct StackSlot: ~Copyable {
  /// The lowest address that frames may reach; the first field, which the handler of faults changes for a while.
  private(set) var low: UInt
  /// The address above the first frame.
  let top: UInt
  /// In the table; a dedicated one belongs to a single process and is never left before that ends.
  let isShared: Bool
  /// The NUMA node that has its pages, if there are any (NU2): of whoever used it first since they were given back.
  var node = 0
  /// Whose frames are here (U2).
  ///
  /// Stored by whoever has the slot, also without the lock; others look under the lock for somebody to claim.
  // Ordering: relaxed, for whom they find may have left already: they claim it, which orders all that it did before,
  // and look again then. That they find one at all who has parked: U9.
  var occupant: ProcessHandle? {
    @inline(__always) get { Handle(bits: residentWord.load(ordering: .relaxed)) }
    @inline(__always) nonmutating set { residentWord.store(newValue?.bits ?? 0, ordering: .relaxed) }
  }
  private let residentWord = Atomic<UInt>(0)
  /// Processes that belong here (U1); changed under the table's lock, or by the resident that is alone.
  var sharers = 0
  /// Mates that are ready and wait for it (U4); under the table's lock.
  var waiting = ReadyList()
  /// The next in the free list, a cache, the list of those without a resident, or of dedicated ones.
  var next: Handle<StackSlot>?
  /// The one before, of dedicated ones.
  var previous: Handle<StackSlot>?
  /// The wait for which its pages were given back (U10), as the process notes it; under the table's lock.
  var shrunkFor: UInt64 = 0
  /// In the list of those without a resident, or still in it (entries are checked when they are taken).
  // Ordering: stored under the lock. While it is true nobody takes the slot without that; who finds it false without
  // the lock (`vacate`) acquires what was done until then. That it was true is never missed: the resident was mounted
  // under the lock then.
  let isListed = Atomic<Bool>(false)
  /// It was swept and has mates (U7): newcomers take it only when there is no other.
  ///
  /// Under the table's lock.
  var isReclaimed = false

  /// Which first frame to lay.
  enum Entry { case main, end }

  /// Where frames begin.
  // Sound: the address is the stack's end.
  var firstFrame: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(bitPattern: top)! }

  /// The word above the first frame and the sentinel, where what the body holds is noted (B3).
  // Sound: the address is in the stack.
  var note: UnsafeMutableRawPointer { unsafe firstFrame - MemoryLayout<UInt>.size }

  /// Lays the first frame of a process.
  // Sound: the stack is the process's (U2), and nothing on it is needed any more.
  func lay(_ process: ProcessHandle, entry: Entry) {
    let stack = unsafe firstFrame
    let record = unsafe UnsafeMutableRawPointer(process.pointer)
    // Not those of whoever runs here just now: they may be another process's.
    let control = process.home.it.control
    switch entry {
    case .main:
      unsafe note.storeBytes(of: 0, as: UInt.self)
      unsafe process.it.stackPointer = joist_stack_lay_with(stack, { unsafe processMain($0) }, record, control)
    case .end:
      unsafe process.it.stackPointer = joist_stack_lay_with(stack, { unsafe processEnd($0) }, record, control)
    }
  }

  /// Nobody goes back to the frames here; whether the words above the first one are untouched.
  // Sound: they are within the stack.
  func endFrames() -> Bool { unsafe joist_stack_end(firstFrame) }

  /// Whether an address lies in it.
  @inline(__always)
  func contains(_ address: UInt) -> Bool { address >= low && address < top }
}

extension Handle<StackSlot> {
  /// The process is the resident from now on; if mates wait, it is told like the one before it (U4).
  @inline(__always)
  func receive(_ process: ProcessHandle) {
    it.occupant = process
    if it.waiting.count > 0 { process.it.signals.raise(.slotWanted) }
  }

  /// Gives its pages back: the caller has the slot, and nothing on it is needed any more.
  func discard(on platform: any Platform) { discard(Int(it.top - it.low), on: platform) }

  // Sound: as said.
  /// Likewise, of so many bytes from its lowest address on.
  func discard(_ bytes: Int, on platform: any Platform) {
    unsafe platform.discard(UnsafeMutableRawPointer(bitPattern: it.low)!, bytes: bytes)
  }
}

/// A few free slots.
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
