// SPDX-License-Identifier: Apache-2.0
//
// A process has crashed. The signal's handler (fault.c) has left its frames behind and goes on here, at the top of the
// process's own stack, as the process.
// FA1. What the frames referred to leaks; nobody goes back to them. What the runtime owns ends as in any other exit.
// FA2. Whatever Swift keeps for the dead frames on this thread is cleared before anything else is done.
// FA3. A call of the runtime needs some of the stack, and may hold a lock there. So each first looks whether there is
//      enough, and ends the process if not, as an overflow does.
// FA4. A fault of the runtime itself is nobody's to survive.
// FA5. To contain a crash takes no memory that may not be there: what is told of it without any was made before, and a
//      process that ends without memory for its notices gets them from a reserve (NR1). Swift's runtime makes a generic
//      type when it is first used, with memory and under a lock: those that an end needs were used before.

import CJoist
import Synchronization

/// The types that a crash and the end of a process need.
private let typesOfAnEnd: [Any.Type] =
  [CheckedContinuation<Void, Never>.self, CheckedContinuation<Void, Never>?.self]
  + SuspendLists.types + serviceTypesOfAnEnd

/// Has what a crash needs before there may be no memory for it (FA5).
func prepareForCrashes() { _ = (Trap.bare(signal: 0), NodeReserve.shared, typesOfAnEnd) }

// Sound: the bytes are there while they are written.
/// Stops the program: the runtime is in error (FA4).
package func stopTheProgram(_ sentence: String) -> Never {
  joist_faults_give_up()
  // Swift's runtime prints nothing without memory.
  if !joist_has_memory(Limits.trapBytes) {
    _ = unsafe sentence.utf8.withContiguousStorageIfAvailable { unsafe joist_stop($0.baseAddress, $0.count) }
  }
  fatalError(sentence)
}

/// What a process does after a fault (FA1).
///
/// Never returns.
// Sound: the argument is the record that the handler found running on this stack.
func processFaulted(_ argument: UnsafeMutableRawPointer) {
  let process = unsafe ProcessHandle(argument.assumingMemoryBound(to: ProcessRecord.self))
  let scheduler = Scheduler.current!
  scheduler.forgetFrames(of: process)
  process.noteFault(scheduler.takeFault())
  process.forgetWait(on: scheduler)
  process.dropBody()
  end(process)
}

extension Handle<Scheduler> {
  // Sound: the words are this thread's, and the process's, which runs here.
  /// Clears what this thread keeps for frames that are no more (FA2).
  fileprivate func forgetFrames(of process: ProcessHandle) {
    unsafe joist_fault_forget_frames(&it.words, &process.it.savedThreadState)
  }

  // Sound: the fault is this thread's, and nothing else has happened on it since.
  /// The last fault of this thread as an exit reason.
  func takeFault() -> ExitReason { unsafe it.site.takeFault() }
}

extension joist_site {
  // Sound: as above; the copy gets no more than has room.
  /// The last fault as an exit reason; the stack's guard is whole again (FA5).
  mutating func takeFault() -> ExitReason {
    if unsafe !joist_fault_close_reserve(&self) { stopTheProgram("P3: the guard of a stack could not be closed") }
    // One that comes here again had no memory in `tell`.
    let canTell = unsafe !fault.is_being_told && joist_has_memory(Limits.trapBytes)
    unsafe fault.is_being_told = true
    let trap = unsafe canTell ? tell() : Trap.bare(signal: fault.signal)
    if !canTell { unsafe forgetText() }
    unsafe fault.is_being_told = false
    return unsafe fault.is_overflow ? .stackOverflow(trap) : .trap(trap)
  }

  // Sound: as above.
  @inline(never)
  private mutating func tell() -> Trap {
    let frames = unsafe withUnsafeBytes(of: fault.frames) { bytes in
      unsafe Array(bytes.bindMemory(to: UInt.self).prefix(Int(fault.frame_count)))
    }
    let message = unsafe String(unsafeUninitializedCapacity: Limits.trapMessageBytes) { copy in
      unsafe copy.withMemoryRebound(to: CChar.self) { copy in
        unsafe joist_fault_text(&fault, copy.baseAddress!, copy.count)
      }
    }
    return unsafe Trap(signal: fault.signal, message: message.isEmpty ? nil : message, frames: frames)
  }

  // Sound: as above; nothing is copied.
  /// Takes away what was said of the fault, for no other to get it.
  private mutating func forgetText() {
    var nothing = CChar(0)
    unsafe _ = joist_fault_text(&fault, &nothing, 0)
  }
}

extension Handle<ProcessRecord> {
  /// It ends for that reason, whatever it was told before.
  fileprivate func noteFault(_ reason: ExitReason) {
    home.it.counters.count(reason)
    // In its end it has told its reason already. Ordering: its own generation (R9).
    guard it.generation.load(ordering: .relaxed) == it.identity.generation else { return }
    it.signals.clear([.kill, .toldOfKill])
    dropExitReason()
    beginExit(reason)
  }

  /// Ends this process at once, where it runs, without its frames' `defer` blocks.
  // Sound: the stack is the process's, which is left for good.
  func die(_ reason: ExitReason) -> Never {
    if unsafe !joist_fault_may_leave(&Scheduler.current!.it.site) {
      stopTheProgram("P5: a process that holds a lock ended in the midst of a call: \(reason)")
    }
    dropExitReason()
    beginExit(reason)
    unsafe restart { unsafe processEnd($0) }
  }

  /// Whether a call of the runtime has room enough on this stack (FA3).
  @inline(__always)
  var hasRoomToCall: Bool {
    // Also false while the guard has been opened for a library to finish: the stack's lowest address is above it then.
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

  /// Leaves all frames behind and goes on at the top of the stack.
  // Sound: as above.
  private func restart(_ entry: @convention(c) (UnsafeMutableRawPointer) -> Void) -> Never {
    unsafe joist_stack_restart(it.slot!.it.firstFrame, entry, UnsafeMutableRawPointer(pointer), home.it.control)
  }
}

extension Handle<Scheduler> {
  /// Ends the process that runs here, if one does, when it has no room for a call of the runtime (FA3).
  @inline(__always)
  func lookForRoom() {
    if let process = it.running, !process.hasRoomToCall { process.overflow() }
  }
}

extension Scheduler {
  /// On a thread that is no scheduler's: ends the closure of `blocking` that runs here, if one does, when it has no
  /// room for a call of the runtime (FA3).
  @inline(never)
  static func lookForRoomElsewhere() { BlockingStack.current?.lookForRoom() }

  /// A call of the runtime begins whose caller does not know whose thread this is.
  @inline(__always)
  static func beginCall() {
    guard let current else { return lookForRoomElsewhere() }
    current.lookForRoom()
    current.signalDeferred()
  }
}
