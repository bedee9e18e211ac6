// SPDX-License-Identifier: Apache-2.0
//
// A process runs for one slice: mount its stack, put its words on this thread, switch, and act on how it left.
// HO1. A process that leaves hands over to the next itself: one switch, and not two by way of the scheduler's stack.
// HO2. Nobody may have a process before its frames are all saved. So the one that left is settled (queued, parked,
//      buried) by whoever comes after it on this thread: the next process, or the scheduler.
// HO3. By way of the scheduler's stack goes what is rare: no next process here, one that is suspended or gets no slot,
//      the clock to be read, a stuck scheduler, the runtime's end. A scheduler that is stepped by hand, or stands in
//      for another, goes that way always.
// HO4. The short way comes first: it tests that nothing rare is the case, in as few instructions as possible, and does
//      then what every switch needs. Everything else is the long way's.

import CJoist
import Synchronization

extension Handle<Scheduler> {
  /// Runs a ready process that was taken from a queue, and those that it hands over to, until one comes back here.
  // Sound: the record's first field is the stack pointer; nobody else has the process (A1), no access of Swift's is
  // open here, and the words on this thread are zero before and after.
  // Ordering: `isInProcess` is for the monitor's and thieves' guesses. `isStuck` is looked at relaxed:
  // `schedulerIsBack` has a fence, and a stuck scheduler that misses it comes here again, for it may not hand over any
  // more.
  @inline(__always)
  func run(_ process: ProcessHandle) {
    if process.it.signals.relaxed.suspends > 0 && hold(process) { return }
    guard restoreFrames(process) else { return }
    it.isInProcess.store(true, ordering: .relaxed)
    beginSlice(process)
    unsafe joist_switch(&it.stackPointer, process.it.stackPointer!)
    it.isInProcess.store(false, ordering: .relaxed)
    it.running = nil
    if it.isStuck.load(ordering: .relaxed) { it.runtime.schedulerIsBack(self) }
    finishSwitch()
  }

  /// The process's side: leaves this thread to the next process (HO1) or to the scheduler, until it is taken to run
  /// again, perhaps by another scheduler on another thread, which is returned.
  ///
  /// Nothing that was read from this thread before may be used afterwards. Small, for its frame is in every image.
  // Sound: runs on the process's own stack, which stays as it is until it is switched to again.
  @inline(never)
  @discardableResult
  func switchAway(_ outcome: Outcome) -> Handle<Scheduler> {
    let process = it.running!
    unsafe joist_switch_alike(&process.it.stackPointer, follow(process, outcome))
    let scheduler = Scheduler.current!
    scheduler.finishSwitch()
    return scheduler
  }

  /// Ends the slice and begins the next process's, if it is handed over to one; where to switch to (HO4).
  // Sound: a stack pointer of whom nobody else has: the next process, or this scheduler. Likewise below.
  // Ordering: what is looked at relaxed is rare, and seen at one of the next switches.
  @inline(never)
  private func follow(_ process: ProcessHandle, _ outcome: Outcome) -> UnsafeMutableRawPointer {
    it.left = process
    it.outcome = outcome
    guard it.mayHandOver.load(ordering: .relaxed), it.clockCredit > 0, it.remote.isEmptyAtAGuess,
      it.runtime.it.urgent.isEmptyAtAGuess, sliceCount & Limits.ageingMask != 0,
      unsafe joist_words_are_closed(&it.words, &process.it.savedThreadState), it.queue.lock.tryLock()
    else { return unsafe followTheLongWay(process) }
    guard let next = it.queue.first(downTo: outcome == .yielded ? process.it.priority : .low),
      next.it.signals.relaxed.suspends == 0, unsafe next.it.savedThreadState.words == nil,
      next.it.flags.contains(.onStack) || next.it.slot == nil && it.freeSlots.count > 0
    else {
      it.queue.lock.unlock()
      return unsafe followTheLongWay(process)
    }
    _ = it.queue.dequeue(next.it.level, slice: sliceCount)
    it.queue.lock.unlock()
    it.pendingWork.remove(.notice)
    countSlice(process)
    startSlice(next)
    if !next.it.flags.contains(.onStack) { assignFirstSlot(next) }
    return unsafe next.it.stackPointer!
  }

  // Sound: as above.
  @inline(never)
  private func followTheLongWay(_ process: ProcessHandle) -> UnsafeMutableRawPointer {
    endSlice(process)
    guard let next = takeNext(after: process) else { return unsafe it.stackPointer! }
    beginSlice(next)
    return unsafe next.it.stackPointer!
  }

  /// Settles the process that has just left this thread (HO2).
  @inline(never)
  func finishSwitch() {
    guard let process = it.left else { return }
    it.left = nil
    switch it.outcome {
    case .yielded: requeue(process)
    case .blocked: park(process)
    case .hibernated: hibernate(process)
    case .exited: reap(process)
    }
  }

  /// The process is the one that runs here.
  // Sound: its words, and this thread's.
  @inline(__always)
  private func beginSlice(_ process: ProcessHandle) {
    startSlice(process)
    unsafe joist_words_install(&it.words, &process.it.savedThreadState)
  }

  @inline(__always)
  private func startSlice(_ process: ProcessHandle) {
    process.it.transition(.schedule)
    process.it.reductionsLeft = process.it.sliceLength
    it.running = process
    it.counters.slices.add()
  }

  /// It does not run any more, though its frames are still being saved.
  // Sound: as above.
  @inline(__always)
  private func endSlice(_ process: ProcessHandle) {
    unsafe joist_words_remove(&it.words, &process.it.savedThreadState)
    countSlice(process)
  }

  @inline(__always)
  private func countSlice(_ process: ProcessHandle) {
    let used = Int(process.it.sliceLength) &- Int(process.it.reductionsLeft)
    it.clockCredit &-= max(used, Limits.clockReductionsOfASlice)
    it.queue.list(process.it.level).it.totalReductions.add(used)
  }

  /// The process that is handed over to; nil for the way by the scheduler (HO3).
  @inline(__always)
  private func takeNext(after process: ProcessHandle) -> ProcessHandle? {
    guard it.mayHandOver.load(ordering: .relaxed), it.clockCredit > 0,
      // One that yields stays ahead of what is less urgent.
      let next = takeOwn(from: it.outcome == .yielded ? process.it.priority : .low)
    else { return nil }
    it.pendingWork.remove(.notice)
    if next.it.signals.relaxed.suspends == 0 { return restoreFrames(next) ? next : nil }
    it.handed = next
    return nil
  }

  /// Its slice is over: to the back of its queue, or out of its slot if a slot-mate wants that, or away if it was
  /// killed and does not end by itself.
  @inline(__always)
  private func requeue(_ process: ProcessHandle) {
    process.it.transition(.preempt)
    if leavesNothing(process) { abandon(process) }
    if it.runtime.it.slots.isWanted(process) && process.hasSharedSlot { surrender(process) }
    enqueue(process)
  }

  /// Whether it was killed, a call has told it so by throwing, and it has used up what it was given to end by itself.
  @inline(__always)
  private func leavesNothing(_ process: ProcessHandle) -> Bool {
    process.it.flags.contains(.exiting) && process.it.signals.relaxed.isSuperset(of: [.kill, .toldOfKill])
  }
}
