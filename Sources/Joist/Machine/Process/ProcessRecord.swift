// SPDX-License-Identifier: Apache-2.0
//
// What the runtime knows of a process: four cache lines. The first (R1) is all that a switch needs. The second is the
// one that others write: senders, wakers, and threads that have a result for the process. The third belongs to the
// owner again and holds its mail, and the fourth is the owner's statistics.
// R1. Only the owner of the process (PS1) touches the first line, except the word of its priorities, which threads that
//     lend to it store (PI1).
// R4. A record keeps its address for the program's life and is reused by later processes of the runtime. Its generation
//     tells them apart (N2).
// R7. What few processes need is allocated elsewhere when it is first needed, and stays with the record.
// R9. The generation, and `isBounded` that is stored with it, are read relaxed. A thread that has an id learned it
//     after the process was made, so it reads the id's generation or a newer one. That the process still lives is a
//     guess at best; what is pushed for a process that has ended is discarded (K2). A decision that must hold reads the
//     generation after something that orders it: having the process (PS1), having pushed to its inbox, or PX2.
// R10. The memory of records without a process is given back in groups (`TableTrim`). It is zero then, as if the
//      records had never been used. A thread that still has an old reference finds generation zero, and finds the home
//      by the address. New generations and wait numbers are higher than all that were given back.

import CJoist
import Synchronization

/// A process, as the runtime sees it.
// Sound: its raw words are read and written by the owner of the process (PS1), and mean what their comments say.
@safe
@usableFromInline
package struct ProcessRecord: ~Copyable {
  // MARK: The line of a switch (R1)

  /// The stack pointer below the process's frames while it does not run.
  ///
  /// It is the first field, so that the switch stores through the record's own address.
  var stackPointer: UnsafeMutableRawPointer?
  /// The number of reductions left in this slice.
  ///
  /// A negative value is a debt, which the next suspension point pays by ending the slice.
  var reductionsLeft: Int32 = 0
  /// The state, which only `transition(_:)` changes (PS2).
  ///
  /// It is atomic only because others may read it at any time (PS1).
  fileprivate let stateWord = Atomic<UInt8>(ProcessState.terminated.rawValue)
  /// The priorities; atomic because others may read them, and lenders store them (PI1).
  private let priorityWord = Atomic<UInt8>(ProcessRecord.word(.normal, own: .normal))
  /// The level of the run queue that it is in: its priority, or a higher level by ageing.
  var level: Priority = .normal
  /// Flags about the present process.
  var flags: ProcessFlags = []
  /// The next process in a run queue, remote list, slot's list or free list; it is in at most one of them (PS3).
  var next: Handle<ProcessRecord>?
  /// The stack slot that its frames belong to; nil before it first runs.
  var slot: Handle<StackSlot>?
  // Sound: null until a switch away finds thread state in use.
  /// The state that Swift keeps per thread, while the process does not run.
  var savedThreadState = unsafe joist_saved_state()
  /// The identity of the process, stored so that no caller has to compute it.
  ///
  /// While the process ends it differs from `id`: it keeps the generation that the process had.
  var identity = ProcessID(bits: 0)
  /// The address of `arrived`, or a `WaitEdge` while the process waits for another one (WE1).
  let arrivedWord = Atomic<UInt>(0)
  /// The scheduler's slice count when the process was queued, for ageing.
  var queuedAt: UInt32 = 0
  /// The number of reductions in a full slice.
  var sliceLength: Int32 = 0

  // MARK: The line that others write

  /// The messages that arrived, and whether the process is parked.
  let inbox = Inbox()
  let signals = Signals()
  /// The address of `home`; zero while the record's memory is given back (R10).
  ///
  /// It is set when the record is first used and stays the same ever after (R4).
  // Ordering: relaxed. A thread with an old reference may look while `renew` stores the value again, and finds this or
  // zero. Either leads to the same home, which was published by what gave the thread its reference.
  fileprivate let homeBits: Atomic<UInt>
  /// The generation, which tells the processes of this record apart.
  ///
  /// It is at least 1 (R8) and changes when a process ends, so that no old reference finds the next process. R9 says
  /// how it is read.
  let generation = Atomic<UInt32>(0)
  /// What a receive minds beyond the message: a limit of the mailbox, and a trace token (R9).
  private let mailTraits = Atomic<UInt8>(0)
  /// Why the process was told to exit, or ended; only the owner uses it.
  var exitNote = ExitNote.none
  /// The number of messages that the owner had when it last emptied the inbox (E1).
  // Ordering: relaxed. The owner stores it; others read it as a guess.
  let unreadThen = Atomic<UInt16>(0)
  /// The address of its extras, with a bit that says whether `ProcessExtras` are in use; zero if it has none (R7).
  let extrasBits = Atomic<UInt>(0)
  /// Its entry in a timer wheel; nil until it first waits with a timeout (R7).
  var timer: Handle<ProcessTimer>?
  /// The one-shot in which it waits for a result.
  var cell = OneShot()

  // MARK: The line of the owner's mail

  /// The messages taken out of the inbox, oldest first.
  var mailbox = Mailbox()
  /// Why and since when it waits or last waited; stored by the process, read by any thread.
  // Ordering: relaxed. It is a note for observers and for guesses.
  let wait = Atomic<UInt64>(0)
  /// Its saved frames, while another process occupies its stack slot.
  var savedFrames: UnsafeMutableRawPointer?

  // MARK: The line of the statistics

  var usage = ProcessUsage()

  /// The offsets of the body, which lies where the mailbox later notes the sender of a message (B2), and of the
  /// one-shot.
  package static var bodyOffset: Int { 160 }
  package static var cellOffset: Int { 112 }
  /// The offsets of the slot's handle, which the fault handler reads, and of the identity, which the sampler reads.
  package static var slotOffset: Int { 24 }
  static var identityOffset: Int { 40 }

  init(home: Handle<RuntimeCore>) { homeBits = Atomic(home.bits) }

  /// The state, in which suspension does not show (PS4).
  // Ordering: relaxed, here and below. For the owner, what made it the owner orders the state with the rest of the
  // record. For others the state is a guess, or they read it after something that orders it: `liveCount`, U9.
  var state: ProcessState {
    @inline(__always) get { ProcessState(rawValue: stateWord.load(ordering: .relaxed))! }
  }

  // Sound: two bits are one of the four priorities. There is no check, because every switch reads it. Likewise below.
  /// The priority at which it runs: its own, or a higher one that is lent to it (PI1).
  ///
  /// Setting it sets both.
  var priority: Priority {
    @inline(__always) get { unsafe unsafeBitCast(priorityWord.load(ordering: .relaxed) & 3, to: Priority.self) }
    @inline(__always) nonmutating set { setPriority(newValue, own: newValue) }
  }

  /// The priority that its options or the process itself have set.
  var ownPriority: Priority {
    @inline(__always) get { unsafe unsafeBitCast(priorityWord.load(ordering: .relaxed) >> 2, to: Priority.self) }
  }

  // Ordering: relaxed, here and below (R9). The limit is set before any other process or thread has the reference; from
  // then on only the process itself stores.
  /// Whether the mailbox has a limit (MB1).
  var isBounded: Bool {
    @inline(__always) get { mailTraits.load(ordering: .relaxed) & 1 != 0 }
    nonmutating set { setMailTrait(1, newValue) }
  }

  /// Whether the process has a trace token (TK1).
  var hasToken: Bool {
    @inline(__always) get { mailTraits.load(ordering: .relaxed) & 2 != 0 }
    nonmutating set { setMailTrait(2, newValue) }
  }

  private func setMailTrait(_ trait: UInt8, _ isOn: Bool) {
    let others = mailTraits.load(ordering: .relaxed) & ~trait
    mailTraits.store(isOn ? others | trait : others, ordering: .relaxed)
  }

  /// Whether a receive minds more than the message.
  @inline(__always)
  var mindsMail: Bool { mailTraits.load(ordering: .relaxed) != 0 }

  /// Begins without a limit and without a token, for a new process.
  @inline(__always)
  func beginMail() { mailTraits.store(0, ordering: .relaxed) }

  // Ordering: relaxed. The thread that has the process stores it (PS1).
  /// The message that woke it, handed over by the thread that claimed it (E5).
  ///
  /// It is older than those in the inbox and younger than those in the mailbox.
  var arrived: Handle<MessageNode>? {
    @inline(__always) get {
      let word = arrivedWord.load(ordering: .relaxed)
      return word & 1 == 0 ? Handle<MessageNode>(bits: word) : nil
    }
    @inline(__always) nonmutating set { arrivedWord.store(newValue?.bits ?? 0, ordering: .relaxed) }
  }

  @inline(__always)
  func setPriority(_ priority: Priority, own: Priority) {
    priorityWord.store(ProcessRecord.word(priority, own: own), ordering: .relaxed)
  }

  @inline(__always)
  private static func word(_ priority: Priority, own: Priority) -> UInt8 { priority.rawValue | own.rawValue << 2 }

  /// Changes the state (PS2).
  ///
  /// A transition that does not fit the state is an error in the runtime itself, and stops the program.
  @inline(__always)
  func transition(_ transition: Transition) {
    guard let after = state.after(transition) else {
      refuse(transition)
    }
    stateWord.store(after.rawValue, ordering: .relaxed)
  }

  @inline(never)
  private func refuse(_ transition: Transition) -> Never {
    stopTheProgram("PS2: a process that is \(state) cannot \(transition)")
  }

  /// Initialises a record that no process has used.
  // Ordering: as `beginAnew`. All other fields begin as zero, including the state, for which zero is `terminated`.
  fileprivate mutating func endWithoutLife() {
    level = .normal
    setPriority(.normal, own: .normal)
  }

  /// Begins a new process where an old one ended.
  // Ordering: relaxed. It is published with the rest of the record when the process is made ready.
  func beginAnew() { stateWord.store(ProcessState.created.rawValue, ordering: .relaxed) }
}

/// Flags about a process, for its owner.
struct ProcessFlags: OptionSet {
  let rawValue: UInt8
  /// The body has begun.
  static let started = ProcessFlags(rawValue: 1)
  /// The frames are in the stack slot, or it has no slot yet.
  static let onStack = ProcessFlags(rawValue: 2)
  /// The end of the process was reported.
  static let reported = ProcessFlags(rawValue: 4)
  /// The process was told to exit; every runtime call throws.
  static let exiting = ProcessFlags(rawValue: 8)
  /// A message ends the present wait.
  static let wantsMail = ProcessFlags(rawValue: 16)
  /// The present wait has a timeout.
  static let timed = ProcessFlags(rawValue: 32)
  /// A result in the one-shot ends the present wait.
  static let awaitsAnswer = ProcessFlags(rawValue: 64)
  /// An exit does not wake the process from the present wait; a kill does if the process also awaits an answer.
  static let killable = ProcessFlags(rawValue: 128)
}

package typealias ProcessHandle = Handle<ProcessRecord>

extension Handle<ProcessRecord> {
  /// The runtime of the record.
  @inline(__always)
  var home: Handle<RuntimeCore> {
    Handle<RuntimeCore>(bits: it.homeBits.load(ordering: .relaxed)) ?? RuntimePool.home(of: self)
  }

  /// Whether the record is known to be one of that runtime; false also while its memory is given back (R10).
  @inline(__always)
  func belongs(to core: Handle<RuntimeCore>) -> Bool { it.homeBits.load(ordering: .relaxed) == core.bits }

  /// Makes a record out of zeroed memory: for its first process, or after its memory was given back (R10).
  ///
  /// Leaves the inbox, and what others may raise, as they are.
  func renew(_ home: Handle<RuntimeCore>, past waits: UInt) {
    it.endWithoutLife()
    it.homeBits.store(home.bits, ordering: .relaxed)
    it.cell.begin(past: waits)
    it.mailbox = Mailbox()
  }

  /// The identity of the present process.
  // Ordering: relaxed (R9).
  var id: ProcessID {
    ProcessID(slot: home.it.table.index(of: self), generation: it.generation.load(ordering: .relaxed))
  }

  /// The place of the body, from the creation of the process until it starts.
  var bodyPlace: Handle<Body<Never>> { part(Body<Never>.self, at: ProcessRecord.bodyOffset) }

  /// The one-shot in which it waits.
  var cell: Handle<OneShot> { part(OneShot.self, at: ProcessRecord.cellOffset) }

  /// The process that has this one-shot.
  init(cell: Handle<OneShot>) { self = cell.part(ProcessRecord.self, at: -ProcessRecord.cellOffset) }

  // Sound: addresses are only subtracted.
  /// The offsets of the first and the last field of each of the four lines, for the tests of the layout.
  package var lines: [(first: Int, last: Int)] {
    [
      unsafe (offset(&it.stackPointer), offset(&it.sliceLength)),
      unsafe (withUnsafePointer(to: it.inbox, offset), offset(&it.cell)),
      unsafe (offset(&it.mailbox), offset(&it.savedFrames)),
      unsafe (withUnsafePointer(to: it.usage.cpu, offset), offset(&it.usage.readySince)),
    ]
  }

  // Sound: as above.
  /// The offset of the slot's handle, for the same tests.
  package var slotPlace: Int { unsafe offset(&it.slot) }

  // Sound: as above.
  /// The offsets of what a debugger shows of a process, by the names that Scripts/core.py knows.
  var shown: [(name: String, at: Int)] {
    [
      ("stackPointer", unsafe offset(&it.stackPointer)),
      ("state", unsafe withUnsafePointer(to: it.stateWord, offset)),
      ("flags", unsafe offset(&it.flags)),
      ("generation", unsafe withUnsafePointer(to: it.generation, offset)),
      ("wait", unsafe withUnsafePointer(to: it.wait, offset)),
      ("savedFrames", unsafe offset(&it.savedFrames)),
      ("parent", unsafe withUnsafePointer(to: it.usage.parent, offset)),
      ("slices", unsafe withUnsafePointer(to: it.usage.slices, offset)),
      ("received", unsafe withUnsafePointer(to: it.usage.received, offset)),
      ("sent", unsafe withUnsafePointer(to: it.usage.sent, offset)),
    ]
  }
}
