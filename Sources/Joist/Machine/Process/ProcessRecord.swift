// SPDX-License-Identifier: Apache-2.0
//
// What the runtime knows of a process: three cache lines.
// R1. The first line is touched by whoever has the process (A1) and nobody else: all that a switch needs.
// R2. The second line is written by others: senders, wakers, who answers.
// R3. The third is the owner's again: its mail.
// R4. A record keeps its address for the program's life and is used again by later processes of the runtime; its
//     generation tells them apart (N2).
// R7. What few processes have is elsewhere, made when it is first needed and kept with the record.
// R10. The memory of records that have no process is given back in groups (`TableTrim`), and is zero then, as if they
//     had never been used. Who still has an old reference finds generation zero, and the home by the address. New
//     generations and numbers of waits are higher than all that were given back.
// R9. The generation, and `isBounded` that is stored with it, are read relaxed. Whoever has an id was told of it after
//     the process was made, so reads its generation or a newer one. That the process still lives is a guess at best;
//     what is pushed for one that has ended is thrown away (K2). Whose decision must stand reads behind something that
//     orders it: having the process (A1), having pushed to its inbox, or PX2.

import CJoist
import Synchronization

/// A process, as the runtime sees it.
// Sound: its raw words are read and written by whoever has the process (A1), and mean what their comments say.
@safe
@usableFromInline
package struct ProcessRecord: ~Copyable {
  // MARK: R1, the switch's line

  /// Where its frames end while it does not run.
  ///
  /// First, so that the switch stores through the record's own address.
  var stackPointer: UnsafeMutableRawPointer?
  /// Reductions left in this slice; below zero is a debt that the next suspension point pays by ending the slice.
  var reductionsLeft: Int32 = 0
  /// Changed by `go(_:)` alone (A2).
  ///
  /// Atomic only because others may read it at any time (A1).
  private let stateWord = Atomic<UInt8>(ProcessState.terminated.rawValue)
  /// Atomic only because others may read it at any time, as the state.
  private let priorityWord = Atomic<UInt8>(ProcessRecord.word(.normal, own: .normal))
  /// The queue it is in: its priority, or higher by ageing.
  var level: Priority = .normal
  /// What the runtime remembers about it.
  var flags: ProcessFlags = []
  /// The next in a run queue, remote list, slot's list or free list: it is in one of them at most (A3).
  var next: Handle<ProcessRecord>?
  /// Where its frames belong; nil before it first runs.
  var slot: Handle<StackSlot>?
  // Sound: null until a switch away finds something open.
  /// What Swift keeps per thread, while it does not run.
  var savedThreadState = unsafe joist_saved_state()
  /// Which process it is, as `id` says: for those that cannot wait for that.
  var identity = ProcessID(bits: 0)
  /// The message that woke it, given to it by who claimed it (E5): older than the inbox, younger than the mailbox.
  var arrived: Handle<MessageNode>?
  /// The scheduler's slice count when it was queued, for ageing.
  var queuedAt: UInt32 = 0
  /// Reductions of a full slice.
  var sliceLength: Int32 = 0

  // MARK: R2, the others' line

  /// Messages that arrived, and whether it is parked.
  let inbox = Inbox()
  let signals = Signals()
  /// Whose it is: `home`; zero while its memory is given back (R10).
  ///
  /// Set when the record is first used and the same ever after (R4).
  // Ordering: relaxed. Whoever has an old reference may look while `renew` stores it again, and finds this or zero:
  // either leads to the same home, which was published by what gave it the reference.
  fileprivate let homeBits: Atomic<UInt>
  /// Which process of this record it is.
  ///
  /// Changes when one ends, so that nobody finds the next by an old reference. From 1 on (R8). How it is read: R9.
  let generation = Atomic<UInt32>(0)
  /// Whether its mailbox is bounded (MB1): set before anybody has its reference (R9).
  let isBounded = Atomic<Bool>(false)
  /// Why it was told to exit, or ended; its owner's.
  var exitNote = ExitNote.none
  /// How many messages the owner had when it last took them out of the inbox (E1); its own.
  var unreadThen: UInt16 = 0
  /// The address of its `ProcessExtras`; zero when it has none (R7).
  let extrasBits = Atomic<UInt>(0)
  /// Its entry in a wheel; nil until it first waits with an end (R7).
  var timer: Handle<ProcessTimer>?
  /// Where it waits for an answer.
  var cell = OneShot()

  // MARK: R3, the owner's mail

  /// Messages taken out of the inbox, oldest first.
  var mailbox = Mailbox()
  /// Why it waits or last waited, and since when; stored by the process, read by anyone.
  // Ordering: relaxed; a note for those who look from outside, or guess.
  let wait = Atomic<UInt64>(0)
  /// Its frames, while another process has its slot.
  var savedFrames: UnsafeMutableRawPointer?

  /// From a record's beginning to its body, which lies where the mailbox will note the sender of a message (B2), and to
  /// its cell.
  package static var bodyOffset: Int { 160 }
  package static var cellOffset: Int { 112 }
  /// To its slot's handle, for the handler of faults.
  package static var slotOffset: Int { 24 }

  init(home: Handle<RuntimeCore>) { homeBits = Atomic(home.bits) }

  /// Where it is in its life, suspension apart (A4).
  // Ordering: relaxed, here and below. Who has the process has it by what orders all the rest of the record; for others
  // it is a guess, or they look behind something: `liveCount`, U9.
  var state: ProcessState {
    @inline(__always) get { ProcessState(rawValue: stateWord.load(ordering: .relaxed))! }
  }

  // Sound: two bits are one of the four. Without a check, for it is read at every switch. Likewise below.
  /// The priority at which it runs: its own, or one that is lent to it (PI1).
  ///
  /// Setting it sets both.
  var priority: Priority {
    @inline(__always) get { unsafe unsafeBitCast(priorityWord.load(ordering: .relaxed) & 3, to: Priority.self) }
    @inline(__always) nonmutating set { setPriority(newValue, own: newValue) }
  }

  /// Given by its options, or later by itself.
  var ownPriority: Priority {
    @inline(__always) get { unsafe unsafeBitCast(priorityWord.load(ordering: .relaxed) >> 2, to: Priority.self) }
  }

  @inline(__always)
  func setPriority(_ priority: Priority, own: Priority) {
    priorityWord.store(ProcessRecord.word(priority, own: own), ordering: .relaxed)
  }

  @inline(__always)
  private static func word(_ priority: Priority, own: Priority) -> UInt8 { priority.rawValue | own.rawValue << 2 }

  /// Changes the state (A2).
  ///
  /// A transition that does not fit is an error in the runtime itself, and stops it.
  @inline(__always)
  func transition(_ transition: Transition) {
    guard let after = state.after(transition) else {
      refuse(transition)
    }
    stateWord.store(after.rawValue, ordering: .relaxed)
  }

  @inline(never)
  private func refuse(_ transition: Transition) -> Never {
    stopTheProgram("A2: a process that is \(state) cannot \(transition)")
  }

  /// No process has been here.
  // Ordering: as `beginAnew`. All other fields begin as zero, the state too, which is `terminated` then.
  fileprivate mutating func endWithoutLife() {
    level = .normal
    setPriority(.normal, own: .normal)
  }

  /// A new process begins where an old one ended.
  // Ordering: published with the rest of the record when the process is made ready.
  func beginAnew() { stateWord.store(ProcessState.created.rawValue, ordering: .relaxed) }
}

/// What the runtime remembers about a process.
struct ProcessFlags: OptionSet {
  let rawValue: UInt8
  /// Its body has begun.
  static let started = ProcessFlags(rawValue: 1)
  /// Its frames are in its slot, or it has none yet.
  static let onStack = ProcessFlags(rawValue: 2)
  /// Its end was reported.
  static let reported = ProcessFlags(rawValue: 4)
  /// It was told to exit; every runtime call throws.
  static let exiting = ProcessFlags(rawValue: 8)
  /// Messages wake it from the present wait.
  static let wantsMail = ProcessFlags(rawValue: 16)
  /// Its present wait has an end.
  static let timed = ProcessFlags(rawValue: 32)
  /// An answer in its cell ends the present wait.
  static let awaitsAnswer = ProcessFlags(rawValue: 64)
  /// An exit does not end the present wait.
  static let killable = ProcessFlags(rawValue: 128)
}

package typealias ProcessHandle = Handle<ProcessRecord>

extension Handle<ProcessRecord> {
  /// Whose it is.
  @inline(__always)
  var home: Handle<RuntimeCore> {
    Handle<RuntimeCore>(bits: it.homeBits.load(ordering: .relaxed)) ?? RuntimePool.home(of: self)
  }

  /// Makes a record of what is zero: for its first process, or after its memory was given back (R10).
  ///
  /// Its inbox is left as it is, and what others may raise.
  func renew(_ home: Handle<RuntimeCore>, past waits: UInt) {
    it.endWithoutLife()
    it.homeBits.store(home.bits, ordering: .relaxed)
    it.cell.begin(past: waits)
    it.mailbox = Mailbox()
  }

  /// Its identity now.
  // Ordering: R9.
  var id: ProcessID {
    ProcessID(slot: home.it.table.index(of: self), generation: it.generation.load(ordering: .relaxed))
  }

  /// Where its body is, from its creation until it starts.
  var bodyPlace: Handle<Body<Never>> { part(Body<Never>.self, at: ProcessRecord.bodyOffset) }

  /// Its cell.
  var cell: Handle<OneShot> { part(OneShot.self, at: ProcessRecord.cellOffset) }

  /// The one that has this cell.
  init(cell: Handle<OneShot>) { self = cell.part(ProcessRecord.self, at: -ProcessRecord.cellOffset) }

  // Sound: addresses are only subtracted.
  /// Where the first and the last field of each of the three lines lie, in bytes from the record: tests hold R1 to R3.
  package var lines: [(first: Int, last: Int)] {
    [
      unsafe (offset(&it.stackPointer), offset(&it.sliceLength)),
      unsafe (withUnsafePointer(to: it.inbox, offset), offset(&it.cell)),
      unsafe (offset(&it.mailbox), offset(&it.savedFrames)),
    ]
  }

  // Sound: as above.
  /// Where its slot lies; likewise.
  package var slotPlace: Int { unsafe offset(&it.slot) }
}
