// SPDX-License-Identifier: Apache-2.0
//
// The stack on which a thread of the pool runs closures (X6). The handler of faults finds it as it finds a process's,
// by way of a record: here that is a `BlockingStack`, which begins with its slot.

import CJoist
import Synchronization

/// A stack of a thread of the pool.
// Sound: all of it is its thread's, from `make` to `release`; raw pointers lead to where they lie or to that thread.
@safe
struct BlockingStack: ~Copyable {
  /// First: what the handler takes for a record's.
  fileprivate let slot: Handle<StackSlot>
  fileprivate let platform: any Platform
  /// This, while a job runs; read by the handler.
  fileprivate var running: UnsafeMutableRawPointer?
  /// Where the thread goes on, and where the stack was left that is not gone back to.
  fileprivate var thread: UnsafeMutableRawPointer?
  fileprivate var left: UnsafeMutableRawPointer?
  fileprivate var site = unsafe joist_site()
  fileprivate var words = unsafe joist_words()
  fileprivate var job: (any RunnableJob)?
  /// What its closure holds (HD1).
  var holdings = Holdings()
  /// What the job crashed of.
  fileprivate var crash: ExitReason?

  fileprivate init(_ slot: Handle<StackSlot>, _ platform: any Platform) {
    self.slot = slot
    self.platform = platform
  }
}

extension BlockingStack {
  /// The one whose closure runs on this thread.
  // Sound: a site of a thread that is no scheduler's is that of such a stack, which leads to itself while it runs one.
  static var current: Handle<BlockingStack>? {
    if Scheduler.current != nil { return nil }
    guard let running = unsafe joist_faults_site()?.pointee.running?.pointee else { return nil }
    return Handle(bits: UInt(bitPattern: running))
  }
}

// Sound: as the type says; the entries get the address of the stack that they run on.
extension Handle<BlockingStack> {
  /// Makes a stack for the thread that calls, of a slot that becomes its own.
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

  // Sound: the thread's own stack is left and gone on with by this thread alone. Likewise below.
  /// Runs a job; what it crashed of, if it did.
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

  /// Ends the closure when it has no room for a call of the runtime, as in a process (FA3).
  // Sound: the frames are left for good.
  func lookForRoom() {
    guard Int(bitPattern: joist_stack_pointer() &- it.slot.it.low) < Limits.stackForACall else { return }
    unsafe joist_fault_note_overflow(&it.site)
    unsafe joist_stack_restart(it.slot.it.firstFrame, it.site.entry!, UnsafeMutableRawPointer(pointer), it.site.control)
  }

  @inline(never)
  fileprivate func runJob() { it.job!.run() }

  // Sound: the words and the fault are this thread's.
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
  // Sound: the site is this thread's. On a thread of the pool it leads to a `BlockingStack`, which has its job while
  // that runs.
  /// The process whose `blocking` closure this thread runs, which waits for it; nil on every other thread.
  static var waitingForThisThread: Handle<ProcessRecord>? {
    guard Scheduler.current == nil, let site = unsafe joist_faults_site(),
      let running = unsafe site.pointee.running?.pointee
    else { return nil }
    return unsafe Handle<BlockingStack>(running.assumingMemoryBound(to: BlockingStack.self)).it.job?.process
  }
}

extension Handle<ProcessRecord> {
  /// Whether that process waits for what this thread does: it runs here, or this is its `blocking` closure.
  ///
  /// Whatever only that process can do must not be waited for here.
  // Ordering: relaxed, for a process that runs or waits here keeps its generation (R9).
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

/// What runs on the stack after a crash.
private func jobCrashed(_ argument: UnsafeMutableRawPointer) {
  let stack = unsafe Handle(argument.assumingMemoryBound(to: BlockingStack.self))
  stack.noteCrash()
  stack.leave()
}
