// SPDX-License-Identifier: Apache-2.0
//
// Running a process for one slice: restore its frames and its thread state, switch to it, and act on how it left. A
// process that leaves hands over to the next one itself, which takes one switch where the way through the scheduler's
// stack takes two. The short way comes first: it tests, in as few instructions as possible, that nothing rare is the
// case, and then does only what every switch needs. Everything else takes the long way.
// HO2. No thread may have a process before all of its frames are saved. So its successor on the thread, which is the
//      next process or the scheduler, finishes the switch: it queues, parks or reaps the process that left.
// HO3. What is rare goes through the scheduler's stack: no next process here, a next process that is suspended or gets
//      no slot, a look at the real clock that is due, a stuck scheduler, and the end of the runtime. A scheduler that
//      is stepped by hand, or stands in for another, always takes that way.

import CJoist
import Synchronization

extension Handle<Scheduler> {
  /// Runs a ready process that was taken from a queue, and those that it hands over to, until one of them comes back
  /// here.
  // Sound: the record's first field is the stack pointer; no other thread has the process (PS1), no access of Swift's
  // is open here, and the thread state words are zero before and after.
  // Ordering: `isInProcess` serves guesses of the watchdog and of thieves. `isStuck` is read relaxed, because
  // `schedulerIsBack` has a fence. A stuck scheduler that misses the flag comes here again, because it may no longer
  // hand over.
  @inline(__always)
  func run(_ process: ProcessHandle) {
    if process.it.signals.relaxed.suspends > 0 && hold(process) { return }
    guard restoreFrames(process) else { return }
    it.isInProcess.store(true, ordering: .relaxed)
    sampleRunDelay(process)
    beginSlice(process)
    record(.run, process)
    unsafe joist_switch(&it.stackPointer, process.it.stackPointer!)
    it.isInProcess.store(false, ordering: .relaxed)
    it.running = nil
    if it.isStuck.load(ordering: .relaxed) { it.runtime.schedulerIsBack(self) }
    finishSwitch()
  }

  /// Leaves this thread to the next process or to the scheduler, and returns when the process is taken to run again.
  ///
  /// It may then be on another thread; the result is the scheduler that runs it. Nothing that was read from this thread
  /// before may be used afterwards. The frame is small, because all saved frames include it.
  ///
  /// A process that runs a Swift task stays, as `words.c` explains: it goes on if it was to yield, and traps if it was
  /// to wait.
  // Sound: runs on the process's own stack, which stays as it is until it is switched to again.
  @inline(never)
  @discardableResult
  func switchAway(_ outcome: Outcome) -> Handle<Scheduler> {
    let process = it.running!
    guard let target = unsafe switchTarget(after: process, outcome) else { return stay(process) }
    unsafe joist_switch_alike(&process.it.stackPointer, target)
    let scheduler = Scheduler.current!
    scheduler.finishSwitch()
    return scheduler
  }

  /// Ends the slice, begins that of the next process if it is handed over to one, and returns the stack pointer to
  /// switch to; nil if the process stays.
  // Sound: only this thread has the stack pointer: it is that of the next process, or of this scheduler. Likewise
  // below.
  // Ordering: relaxed. What these loads look for is rare, and is seen at one of the next switches.
  @inline(never)
  private func switchTarget(after process: ProcessHandle, _ outcome: Outcome) -> UnsafeMutableRawPointer? {
    it.left = process
    it.outcome = outcome
    guard it.mayHandOver.load(ordering: .relaxed), it.clockCredit > 0, it.remote.isEmptyAtAGuess,
      it.runtime.it.urgent.isEmptyAtAGuess, sliceCount & Limits.ageingMask != 0, it.ring.isInBlock,
      unsafe joist_words_are_closed(&it.words, &process.it.savedThreadState), it.queue.lock.tryLock()
    else { return unsafe switchTargetSlowly(after: process) }
    guard let next = it.queue.first(downTo: outcome == .yielded ? process.it.priority : .low),
      next.it.signals.relaxed.suspends == 0, unsafe next.it.savedThreadState.words == nil,
      next.it.flags.contains(.onStack) || next.it.slot == nil && it.freeSlots.count > 0
    else {
      it.queue.lock.unlock()
      return unsafe switchTargetSlowly(after: process)
    }
    _ = it.queue.dequeue(next.it.level, slice: sliceCount)
    it.queue.lock.unlock()
    it.pendingWork.remove(.notice)
    countSlice(process)
    startSlice(next)
    it.ring.writeInBlock(RecorderEntry(.afterYield, plus: outcome.rawValue, next.it.identity))
    if !next.it.flags.contains(.onStack) { assignFirstSlot(next) }
    return unsafe next.it.stackPointer!
  }

  // The clock is read before the process is queued, so that its slice does not count as time in the queue.
  // Sound: as above.
  @inline(never)
  private func switchTargetSlowly(after process: ProcessHandle) -> UnsafeMutableRawPointer? {
    if isInTask && it.outcome != .exited { return nil }
    endSlice(process)
    if it.outcome == .yielded && process.it.reductionsLeft <= 0 { record(.preempted) }
    if it.timing.isOfSlice { endTimedSlice() }
    let readsClock = it.clockCredit <= 0
    if readsClock { readClock() }
    guard let next = takeNext(after: process) else {
      it.ring.write(RecorderEntry(.yielded, plus: it.outcome.rawValue, process.it.identity), it.clock)
      return unsafe it.stackPointer!
    }
    if readsClock { sampleRunDelay(next) }
    beginSlice(next)
    it.ring.write(RecorderEntry(.afterYield, plus: it.outcome.rawValue, next.it.identity), it.clock)
    if it.timing.isOfSwitch { beginTimedSwitch() }
    return unsafe next.it.stackPointer!
  }

  /// Whether the process on this thread runs a Swift task.
  // Sound: the words are this thread's.
  var isInTask: Bool { unsafe joist_words_in_task(&it.words) }

  /// Gives the process that runs a Swift task another slice, or traps if it was to wait.
  @inline(never)
  private func stay(_ process: ProcessHandle) -> Handle<Scheduler> {
    it.left = nil
    guard it.outcome == .yielded else { Self.refuseWaitInTask() }
    countSlice(process)
    process.it.reductionsLeft = process.it.sliceLength
    if it.clockCredit <= 0 { readClock() }
    return self
  }

  /// Traps, because the process runs a Swift task and was to wait.
  @inline(never)
  static func refuseWaitInTask() -> Never {
    fatalError(
      "Joist: a process cannot wait inside a Swift task, because the task would change its thread. Use `await` there, "
        + "or have another process wait."
    )
  }

  /// Queues, parks or reaps the process that has just left this thread (HO2).
  @inline(never)
  func finishSwitch() {
    guard let process = it.left else { return }
    it.left = nil
    switch it.outcome {
    case .yielded: requeue(process)
    case .blocked: park(process)
    case .hibernated: hibernate(process)
    case .exited: reap(process)
    case .timed: finishTimed(process)
    }
  }

  /// Ends the measurement of a switch, and finishes that.
  @inline(never)
  private func finishTimed(_ process: ProcessHandle) {
    let outcome = endTimedSwitch()
    it.outcome = outcome
    switch outcome {
    case .yielded: requeue(process)
    case .blocked: park(process)
    case .hibernated: hibernate(process)
    case .exited, .timed: reap(process)
    }
  }

  /// Makes the process the one that runs on this thread.
  // Sound: the thread state is the process's, and this thread's.
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
    process.it.usage.slices.add()
    process.it.usage.noteRunDelay(now: it.lastUnits)
  }

  /// Ends the slice of a process whose frames are still being saved.
  // Sound: as above.
  @inline(__always)
  private func endSlice(_ process: ProcessHandle) {
    unsafe joist_words_remove(&it.words, &process.it.savedThreadState)
    countSlice(process)
  }

  @inline(__always)
  private func countSlice(_ process: ProcessHandle) {
    let used = Int(process.it.sliceLength) &- Int(process.it.reductionsLeft)
    let counted = max(used, Limits.clockReductionsOfASlice)
    it.clockCredit &-= counted
    process.it.usage.cpu.add(it.price.ticks(counted))
    it.queue.list(process.it.level).it.totalReductions.add(used)
  }

  /// Takes the process to hand over to; returns nil if the way goes through the scheduler (HO3).
  @inline(__always)
  private func takeNext(after process: ProcessHandle) -> ProcessHandle? {
    guard it.mayHandOver.load(ordering: .relaxed), it.lastClock < it.nextClockLook,
      // A process that yields stays ahead of less urgent ones.
      let next = takeOwn(from: it.outcome == .yielded ? process.it.priority : .low)
    else { return nil }
    it.pendingWork.remove(.notice)
    if next.it.signals.relaxed.suspends == 0 { return restoreFrames(next) ? next : nil }
    it.handed = next
    return nil
  }

  /// Queues a process whose slice is over.
  ///
  /// Moves it out of its slot if a sharer waits for that, and abandons it if it was killed and does not end by itself.
  @inline(__always)
  private func requeue(_ process: ProcessHandle) {
    process.it.transition(.preempt)
    if process.it.flags.contains(.exiting) || it.runtime.it.slots.isWanted(process) { return requeueSlowly(process) }
    enqueue(process)
  }

  @inline(never)
  private func requeueSlowly(_ process: ProcessHandle) {
    if mustBeAbandoned(process) { abandon(process) }
    if it.runtime.it.slots.isWanted(process) && process.hasSharedSlot { surrender(process) }
    enqueue(process)
  }

  /// Whether it was killed, a call has thrown since, and the slice that it was given to end in is used up.
  @inline(__always)
  private func mustBeAbandoned(_ process: ProcessHandle) -> Bool {
    process.it.flags.contains(.exiting) && process.it.signals.relaxed.isSuperset(of: [.kill, .toldOfKill])
  }
}
