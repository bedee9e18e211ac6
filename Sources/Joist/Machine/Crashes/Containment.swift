// SPDX-License-Identifier: Apache-2.0
//
// Containment of a crash. The signal handler (fault.c) has left the frames of the crashed process behind, and continues
// here, at the top of the process's own stack, as the process. What the frames referred to leaks, because they are
// never returned to; what the runtime owns ends as in any other exit. Before anything else, the thread state that Swift
// keeps for the dead frames is cleared. A fault of the runtime itself is not contained: it stops the program.
// FA3. A runtime call needs some of the stack, and may hold a lock while it uses it. So each call first checks that
//      there is enough, and otherwise ends the process as an overflow does.
// FA5. Containing a crash needs no memory that may not be there. What is told of a crash without memory was made
//      before, and a process that ends without memory for its notices takes them from a reserve (NR1). Swift's runtime
//      instantiates a generic type at its first use, with memory and under a lock; so the types that an end needs were
//      used before.

import CJoist
import Synchronization

/// The types that a crash and the end of a process need.
private let typesOfAnEnd: [Any.Type] =
  [CheckedContinuation<Void, Never>.self, CheckedContinuation<Void, Never>?.self]
  + SuspendLists.types + serviceTypesOfAnEnd

/// Prepares what a crash needs while there may be no memory for it (FA5), and what follows from a `Mutex` that it has
/// left locked.
func prepareForCrashes() {
  _ = (Trap.bare(signal: 0), NodeReserve.shared, typesOfAnEnd)
  #if os(Linux)
    joist_mutex_watch { onlyProcess in
      let sentence = "A Mutex is locked by code that crashed and will never unlock it"
      if onlyProcess { fatalError(sentence) }
      stopTheProgram(sentence + "; Configuration.onTrapWithLock is .crash")
    }
  #endif
}

// Sound: the bytes are valid while they are written.
/// Stops the program with a message, because the runtime itself is in error.
package func stopTheProgram(_ sentence: String) -> Never {
  joist_faults_give_up()
  // Swift's runtime prints nothing without memory.
  if !joist_has_memory(Limits.trapBytes) {
    _ = unsafe sentence.utf8.withContiguousStorageIfAvailable { unsafe joist_stop($0.baseAddress, $0.count) }
  }
  fatalError(sentence)
}

/// Ends a process after a fault, in a fresh first frame.
///
/// Never returns.
// Sound: the argument is the record that the handler found running on this stack.
func processFaulted(_ argument: UnsafeMutableRawPointer) {
  let process = unsafe ProcessHandle(argument.assumingMemoryBound(to: ProcessRecord.self))
  noteCrash(of: process, on: Scheduler.current!)
  end(process)
}

/// Notes the crash, in a function of its own: what it holds is released before the process ends, which never returns.
@inline(never)
private func noteCrash(of process: ProcessHandle, on scheduler: Handle<Scheduler>) {
  let task = scheduler.crashedTask
  scheduler.forgetFrames(of: process)
  let reason = scheduler.takeFault()
  process.noteFault(reason)
  process.forgetWait(on: scheduler)
  process.dropBody()
  task?.ended(reason)
}

extension Handle<Scheduler> {
  // Sound: the thread state is this thread's, and that of the process, which runs here.
  /// Clears the state that this thread keeps for frames that no longer exist.
  fileprivate func forgetFrames(of process: ProcessHandle) {
    unsafe joist_fault_forget_frames(&it.words, &process.it.savedThreadState)
  }

  // Sound: the fault is this thread's, and nothing else has happened on the thread since.
  /// Records the last fault of this thread, and returns it as an exit reason.
  func takeFault() -> ExitReason {
    record(.crashed, payload: unsafe UInt64(max(0, it.site.fault.signal)))
    return unsafe it.site.takeFault(ticksPerSecond: it.clock.perSecond) { entriesOfRunning }
  }

  /// The last entries of the process that runs here.
  private var entriesOfRunning: EntriesOfProcess? {
    guard it.ring.isOn, let process = it.running else { return nil }
    return it.ring.lastEntries(of: process.it.identity, limit: Limits.trapEntries, scanned: Limits.trapEntriesScanned)
  }
}

extension joist_site {
  // Sound: as above; the copy is limited to its capacity.
  /// Returns the last fault as an exit reason, and makes the stack's guard whole again (FA5).
  ///
  /// `entries` returns what the flight recorder has of the process; it is called only while there is memory.
  mutating func takeFault(ticksPerSecond: UInt64 = 1, entries: () -> EntriesOfProcess? = { nil }) -> ExitReason {
    if unsafe !joist_fault_close_reserve(&self) { stopTheProgram("P3: the guard of a stack could not be closed") }
    // A fault inside `makeTrap`, which found no memory, leads here again.
    let canTell = unsafe !fault.is_being_told && joist_has_memory(Limits.trapBytes)
    unsafe fault.is_being_told = true
    let trap = unsafe canTell ? makeTrap(entries(), ticksPerSecond) : Trap.bare(signal: fault.signal)
    if !canTell { unsafe forgetText() }
    unsafe fault.is_being_told = false
    return unsafe fault.is_overflow ? .stackOverflow(trap) : .trap(trap)
  }

  // Sound: as above.
  @inline(never)
  private mutating func makeTrap(_ entries: EntriesOfProcess?, _ ticksPerSecond: UInt64) -> Trap {
    let frames = unsafe withUnsafeBytes(of: fault.frames) { bytes in
      unsafe Array(bytes.bindMemory(to: UInt.self).prefix(Int(fault.frame_count)))
    }
    let message = unsafe String(unsafeUninitializedCapacity: Limits.trapMessageBytes) { copy in
      unsafe copy.withMemoryRebound(to: CChar.self) { copy in
        unsafe joist_fault_text(&fault, copy.baseAddress!, copy.count)
      }
    }
    return unsafe Trap(
      signal: fault.signal,
      message: message.isEmpty ? nil : message,
      frames: frames,
      entries: entries,
      ticksPerSecond: ticksPerSecond
    )
  }

  // Sound: as above; nothing is copied.
  /// Discards what Swift's runtime has said of the fault, so that no other fault gets it.
  private mutating func forgetText() {
    var nothing = CChar(0)
    unsafe _ = joist_fault_text(&fault, &nothing, 0)
  }
}

extension Handle<ProcessRecord> {
  /// Makes the process end for this reason, whatever it was told before.
  fileprivate func noteFault(_ reason: ExitReason) {
    home.it.counters.count(reason)
    // A process that crashes during its end has told its reason already. Ordering: relaxed, its own generation (R9).
    guard it.generation.load(ordering: .relaxed) == it.identity.generation else { return }
    it.signals.clear([.kill, .toldOfKill])
    dropExitReason()
    beginExit(reason)
  }

  /// Ends this process at once, where it runs, without running the `defer` blocks of its frames.
  // Sound: the stack is the process's, and is left for good.
  func die(_ reason: ExitReason) -> Never {
    if unsafe !joist_fault_may_leave(&Scheduler.current!.it.site) {
      stopTheProgram("P5: a process that holds a lock ended in the middle of a call: \(reason)")
    }
    dropExitReason()
    beginExit(reason)
    unsafe restart { unsafe processEnd($0) }
  }

  /// Whether this stack has enough room for a runtime call (FA3).
  @inline(__always)
  var hasRoomToCall: Bool {
    // This is also false while the guard is open for a library to finish: the stack's lowest address is above the stack
    // pointer then.
    Int(bitPattern: joist_stack_pointer() &- it.slot!.it.low) >= Limits.stackForACall
  }

  /// Ends this process for lack of stack (FA3).
  // Sound: as above.
  @inline(never)
  func overflow() -> Never {
    if unsafe !joist_fault_note_overflow(&Scheduler.current!.it.site) {
      stopTheProgram("P5: a stack ended where that is not contained")
    }
    unsafe restart { unsafe processFaulted($0) }
  }

  /// Leaves all frames behind and continues at the top of the stack.
  // Sound: as above.
  private func restart(_ entry: @convention(c) (UnsafeMutableRawPointer) -> Void) -> Never {
    unsafe joist_stack_restart(it.slot!.it.firstFrame, entry, UnsafeMutableRawPointer(pointer), home.it.control)
  }
}

extension Handle<Scheduler> {
  /// Ends the process that runs here, if there is one, when it has no room for a runtime call (FA3).
  @inline(__always)
  func lookForRoom() {
    if let process = it.running, !process.hasRoomToCall { process.overflow() }
  }
}

extension Scheduler {
  /// Ends the `blocking` closure that runs on this thread, if there is one, when it has no room for a runtime call
  /// (FA3).
  ///
  /// For a thread that is not a scheduler's.
  @inline(never)
  static func lookForRoomElsewhere() { BlockingStack.current?.lookForRoom() }

  /// Begins a runtime call whose caller does not know which thread it is on.
  @inline(__always)
  static func beginCall() {
    guard let current else { return lookForRoomElsewhere() }
    current.lookForRoom()
    current.notifyDeferred()
  }
}
