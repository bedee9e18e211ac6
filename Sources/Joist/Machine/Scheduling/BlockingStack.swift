// SPDX-License-Identifier: Apache-2.0
//
// The stack on which a thread of the pool runs closures (X6). The fault handler finds it in the same way as a process's
// stack, through a record. Here the record is a `BlockingStack`, which begins with its slot, too.

import CJoist
import Synchronization

/// The stack of a thread of the pool.
// Sound: all of it belongs to one thread, from `make` to `release`; raw pointers point into it or to that thread.
@safe
struct BlockingStack: ~Copyable {
  /// The first field, at which the fault handler expects a record's slot.
  fileprivate let slot: Handle<StackSlot>
  fileprivate let platform: any Platform
  /// The address of this value while a job runs; read by the fault handler.
  fileprivate var running: UnsafeMutableRawPointer?
  /// The saved stack pointers of the thread's own stack and of this one, to which no thread switches back.
  fileprivate var thread: UnsafeMutableRawPointer?
  fileprivate var left: UnsafeMutableRawPointer?
  fileprivate var site = unsafe joist_site()
  fileprivate var words = unsafe joist_words()
  fileprivate var job: (any RunnableJob)?
  /// What the closure holds (HD1).
  var holdings = Holdings()
  /// The reason of the job's crash.
  fileprivate var crash: ExitReason?

  fileprivate init(_ slot: Handle<StackSlot>, _ platform: any Platform) {
    self.slot = slot
    self.platform = platform
  }
}

extension BlockingStack {
  /// The stack on which this thread runs a closure now.
  // Sound: the site of a thread that is not a scheduler's belongs to such a stack, and points to it while it runs a
  // job.
  static var current: Handle<BlockingStack>? {
    if Scheduler.current != nil { return nil }
    guard let running = unsafe joist_faults_site()?.pointee.running?.pointee else { return nil }
    return Handle(bits: UInt(bitPattern: running))
  }
}

// Sound: as the type says; the entries get the address of the stack that they run on.
extension Handle<BlockingStack> {
  /// Makes a stack for the calling thread in a slot, which it takes over.
  static func make(_ slot: Handle<StackSlot>, _ platform: any Platform) -> Self {
    let stack = allocate(BlockingStack(slot, platform))
    unsafe joist_words_find(&stack.it.words, false)
    unsafe withUnsafePointer(to: &stack.it.running) { running in
      unsafe stack.it.site.running = UnsafePointer(running)
    }
    unsafe withUnsafePointer(to: &stack.it.words) { words in unsafe stack.it.site.words = words }
    unsafe stack.it.site.entry = { unsafe jobCrashed($0) }
    unsafe stack.it.site.guard_bytes = Limits.guardBytes
    unsafe joist_faults_enter(&stack.it.site)
    return stack
  }

  func release() {
    joist_faults_enter(nil)
    it.slot.releaseDedicated(on: it.platform)
    free()
  }

  /// Runs a job and returns the reason of its crash; nil if it did not crash.
  // Sound: only this thread leaves its own stack and returns to it. Likewise below.
  func run(_ job: any RunnableJob) -> ExitReason? {
    let configuration = job.core.it.configuration
    unsafe it.site.contains_nothing = configuration.onTrap == .crash
    unsafe it.site.contains_locks = configuration.onTrapWithLock == .contain
    it.job = job
    unsafe it.running = UnsafeMutableRawPointer(pointer)
    let top = unsafe UnsafeMutableRawPointer(bitPattern: it.slot.it.top)!
    let first = unsafe joist_stack_lay(top, { unsafe jobMain($0) }, UnsafeMutableRawPointer(pointer))
    unsafe joist_switch(&it.thread, first)
    if !it.slot.it.endFrames() { stopTheProgram("P3: the stack of a thread of the pool was left at its upper end") }
    unsafe it.running = nil
    it.job = nil
    guard let crash = it.crash.take() else { return nil }
    Holder.closure(self).giveEverythingBack()
    return crash
  }

  /// Ends the closure if too little stack is left for a call of the runtime, as in a process (FA3).
  // Sound: no thread returns to the frames.
  func lookForRoom() {
    guard Int(bitPattern: joist_stack_pointer() &- it.slot.it.low) < Limits.stackForACall else { return }
    unsafe joist_fault_note_overflow(&it.site)
    unsafe joist_stack_restart(it.slot.it.firstFrame, it.site.entry!, UnsafeMutableRawPointer(pointer), it.site.control)
  }

  @inline(never)
  fileprivate func runJob() { it.job!.run() }

  // Sound: the saved thread state and the fault are this thread's.
  @inline(never)
  fileprivate func noteCrash() {
    var savedThreadState = unsafe joist_saved_state()
    unsafe joist_fault_forget_frames(&it.words, &savedThreadState)
    let reason = unsafe it.site.takeFault()
    it.job!.core.it.counters.count(reason)
    it.crash = reason
  }

  fileprivate func leave() { unsafe joist_switch(&it.left, it.thread!) }
}

extension Handle<ProcessRecord> {
  /// The process whose `blocking` closure this thread runs, and which waits for it; nil on every other thread.
  // Sound: the site is this thread's. On a thread of the pool it points to a `BlockingStack`, which has its job while
  // the job runs.
  static var waitingForThisThread: Handle<ProcessRecord>? {
    guard Scheduler.current == nil, let site = unsafe joist_faults_site(),
      let running = unsafe site.pointee.running?.pointee
    else { return nil }
    return unsafe Handle<BlockingStack>(running.assumingMemoryBound(to: BlockingStack.self)).it.job?.process
  }
}

extension Handle<ProcessRecord> {
  /// Whether the process waits for what this thread does: it runs here, or this thread runs its `blocking` closure.
  ///
  /// This thread must not wait for anything that only that process can do.
  // Ordering: relaxed, because a process that runs or waits here keeps its generation (R9).
  func isWaitingForThisThread(_ id: ProcessID) -> Bool {
    let waiting = Scheduler.current.map { $0.it.running } ?? Handle.waitingForThisThread
    return waiting == self && it.generation.load(ordering: .relaxed) == id.generation
  }
}

/// The first frame of a job.
// Sound: the argument is the stack that the frame was laid on. Likewise below.
private func jobMain(_ argument: UnsafeMutableRawPointer) {
  let stack = unsafe Handle(argument.assumingMemoryBound(to: BlockingStack.self))
  stack.runJob()
  stack.leave()
}

/// The function that runs on the stack after a crash.
private func jobCrashed(_ argument: UnsafeMutableRawPointer) {
  let stack = unsafe Handle(argument.assumingMemoryBound(to: BlockingStack.self))
  stack.noteCrash()
  stack.leave()
}
