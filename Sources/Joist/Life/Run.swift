// SPDX-License-Identifier: Apache-2.0
//
// A process runs for one slice: mount its stack, put its words on this thread, switch, and act on how it came back.

import CJoist
import Synchronization

extension Handle<Scheduler> {
  /// Runs a ready process that was taken from a queue.
  @inline(__always)
  func run(_ process: ProcessHandle) {
    if process.it.signals.glance.suspends > 0 && hold(process) { return }
    guard mount(process) else { return }
    process.it.go(.schedule)
    process.it.fuel = process.it.sliceLength
    process.it.flags.insert(.ranLately)
    process.it.mailbox.timesScheduled &+= 1
    switchTo(process)
    let used = Int(process.it.sliceLength) - Int(process.it.fuel)
    it.clockCredit -= max(used, Limits.clockReductionsOfASlice)
    it.figures.slices.add()
    it.figures.reductions.add(used)
    it.queue[process.it.level].totalReductions &+= used
    if it.isStuck.load(ordering: .relaxed) { it.runtime.schedulerIsBack(self) }
    switch it.outcome {
    case .yielded: requeue(process)
    case .blocked: park(process)
    case .exited: bury(process)
    }
  }

  /// From this thread's stack to the process's, until it comes back.
  // Sound: the record's first field is the stack pointer; nobody else has the process (A1), no access of Swift's is
  // open here, and the words on this thread are zero before and after.
  @inline(__always)
  private func switchTo(_ process: ProcessHandle) {
    it.running = process
    it.slices.store(it.slices.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    it.isInProcess.store(true, ordering: .relaxed)
    unsafe joist_words_install(&it.words, &process.it.carried)
    unsafe joist_switch(&it.stackPointer, process.it.stackPointer!)
    unsafe joist_words_remove(&it.words, &process.it.carried)
    it.isInProcess.store(false, ordering: .relaxed)
    it.running = nil
  }

  /// Its slice is over: to the back of its queue, or out of its slot if a slot-mate wants that, or away if it was
  /// killed and does not end by itself.
  @inline(__always)
  private func requeue(_ process: ProcessHandle) {
    process.it.go(.preempt)
    if leavesNothing(process) { abandon(process) }
    if it.runtime.it.slots.isWanted(process) && process.hasSharedSlot { surrender(process) }
    enqueue(process)
  }

  /// Whether it was killed, has been told so, and has used up what it was given to end by itself.
  @inline(__always)
  private func leavesNothing(_ process: ProcessHandle) -> Bool {
    process.it.flags.contains(.exiting) && process.it.signals.glance.contains(.kill)
  }
}
