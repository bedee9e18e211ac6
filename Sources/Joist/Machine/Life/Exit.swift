// SPDX-License-Identifier: Apache-2.0
//
// A process ends: on its own stack first, where its body returned and its unread messages are destroyed; then on the
// stack of whoever runs after it, which takes slot and record back.
//
// A process that was killed and does not end is abandoned: its frames are never gone back to, so what they refer to
// leaks, and the rest ends in the same way under a fresh first frame.

import CJoist
import Synchronization

/// The last frame of a process: the only one, when it was abandoned.
// Sound: as above.
func processEnd(_ argument: UnsafeMutableRawPointer) {
  let process = unsafe ProcessHandle(argument.assumingMemoryBound(to: ProcessRecord.self))
  Scheduler.current!.finishSwitch()
  process.forgetWait(on: Scheduler.current!)
  process.dropBody()
  end(process)
}

/// Leaves for good.
@inline(never)
func end(_ process: ProcessHandle) {
  endOnOwnStack(process)
  Scheduler.current!.switchAway(.exited)
  stopTheProgram("a process that has ended was run again")
}

/// From here on nobody finds the process by its reference; what it has not read is destroyed, and who waits for it is
/// told.
///
/// What is destroyed may trap, and this begin anew then: what was done is not done again.
@inline(never)
private func endOnOwnStack(_ process: ProcessHandle) {
  // Ordering: the inbox's `end` publishes it: to whoever gets extras that are not found below
  // (PX2). Releasing is for those who have neither to go by (`isAlive`).
  process.it.generation.store(process.it.identity.generation &+ 1, ordering: .releasing)
  let last = process.it.inbox.end()
  process.it.unreadThen = 0
  if last != nil || process.it.mailbox.first != nil || process.it.arrived != nil
    || process.extrasAddress != 0 || process.hasExitReason
  {
    leaveNothing(process, last)
  }
  if process.it.mailbox.hasReceived { process.it.mailbox = Mailbox() }
}

/// What most processes do not have when they end.
@inline(never)
private func leaveNothing(_ process: ProcessHandle, _ last: Handle<MessageNode>?) {
  process.keepUnsorted(last)
  if process.hasExtras {
    let unsorted = process.extras().it.unsorted
    process.extras().it.unsorted = nil
    process.keepUnsorted(unsorted)
    process.cancelTimers()
  }
  let reason: ExitReason = process.hasExitReason ? process.presentExitReason : .normal
  while let node = process.it.mailbox.removeFirst() ?? process.takeArrived() { process.dropUnread(node, reason) }
  if !reason.isOrderly && !process.it.flags.contains(.reported) { process.reportEnd(reason) }
  if process.hasExtras { process.endExtras() }
  if let services = process.servicesIfAny {
    process.endServices(services, reason)
    process.endHeap()
  }
  if process.hasExtras { process.endLending() }
  if process.hasExitReason { process.dropExitReason() }
}

extension Handle<ProcessRecord> {
  /// Destroys what is in the mailbox; how many messages that were.
  // Ordering: `isBounded` is its own, here and below (R9).
  ///
  /// Who waits for an answer is told that the request was thrown away.
  func destroyMail() -> Int {
    var count = 0
    while let node = it.mailbox.removeFirst() ?? takeArrived() {
      count += 1
      if node.it.isCounted && it.isBounded.load(ordering: .relaxed) { release(Int(node.it.bytes)) }
      if node.it.kind == .parentExit { noteParentExitReceived() }
      Scheduler.current!.it.counters.messagesDestroyed.add()
      node.drop(.discarded, from: Scheduler.current)
    }
    return count
  }

  /// Puts what was not sorted to the mailbox of a process that has ended, for it to be destroyed with the rest.
  fileprivate func keepUnsorted(_ first: Handle<MessageNode>?) {
    var next = first
    while let node = next {
      next = node.it.next
      node.it.isLate = node.it.generation != it.identity.generation
      it.mailbox.append(node)
    }
  }

  /// Reports an end that nobody wanted, while it has its name.
  @inline(never)
  fileprivate func reportEnd(_ reason: ExitReason) {
    let core = home
    it.flags.insert(.reported)
    core.it.counters.abnormalExits.add()
    let origin = hasExtras ? extras().it.exitOrigin : nil
    if origin != nil { core.it.counters.linkedExits.add() }
    core.it.reports.add(core, about: it.identity, as: servicesIfAny?.it.child) {
      let name = core.it.names.name(of: it.identity)
      return origin.map { .linkedExit(it.identity, name: name, origin: $0, reason) }
        ?? .abnormalExit(it.identity, name: name, reason)
    }
  }

  /// Destroys what will not be read; who waits for an answer is told the reason.
  fileprivate func dropUnread(_ node: Handle<MessageNode>, _ reason: ExitReason) {
    if node.it.isLate { return dropLate(node) }
    if node.it.wasSent { Scheduler.current!.it.counters.messagesDestroyed.add() }
    if node.it.kind == .request { node.ticket.fail(reason) }
    node.discard()
  }

  /// Tells senders that wait for room and processes that want its locks or that it has suspended that it has ended.
  fileprivate func endExtras() {
    if it.isBounded.load(ordering: .relaxed) { closeBound() }
    let extras = extras()
    if !extras.it.holdings.isEmpty { Holder.process(self, it.identity).giveEverythingBack() }
    forgetWaitsFor()
    endSuspends()
    extras.it.memoryLimit = .max
    if extras.it.exitTrap != nil { extras.it.exitTrap = nil }
  }
}

extension Handle<Scheduler> {
  /// The scheduler's part of an exit: slot and record go back.
  // Sound: the process is this scheduler's, and what it carried is its own. Likewise in `abandon`.
  @inline(__always)
  func reap(_ process: ProcessHandle) {
    process.it.transition(.terminate)
    if unsafe process.it.savedThreadState.words != nil { unsafe joist_saved_state_clear(&process.it.savedThreadState) }
    vacate(process)
    it.counters.processesEnded.addReleasing()
    it.runtime.giveRecord(process, self)
    joist_light_fence()  // J4
    if it.runtime.it.ending.isRefusing { it.runtime.it.ending.processEnded(it.runtime) }
  }

  /// Lays a fresh frame over what a process has on its stack, in which it only ends.
  @inline(never)
  func abandon(_ process: ProcessHandle) {
    it.runtime.it.counters.processesAbandoned.add()
    unsafe joist_saved_state_clear(&process.it.savedThreadState)
    process.it.signals.clear([.kill, .toldOfKill])
    _ = process.it.slot!.it.endFrames()
    process.it.slot!.it.lay(process, entry: .end)
  }
}
