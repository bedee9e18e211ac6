// SPDX-License-Identifier: Apache-2.0
//
// The end of a process. On its own stack it first gives up its identity and destroys its unread messages, after its
// body has returned. Its successor on the thread then takes slot and record back.
//
// A killed process that does not end is abandoned: its frames are never returned to, so what they refer to leaks. The
// rest ends in the same way, in a fresh first frame.

import CJoist
import Synchronization

/// The first frame of a process that was abandoned, or that ends without its earlier frames.
// Sound: as in `processMain`.
func processEnd(_ argument: UnsafeMutableRawPointer) {
  let process = unsafe ProcessHandle(argument.assumingMemoryBound(to: ProcessRecord.self))
  Scheduler.current!.finishSwitch()
  process.forgetWait(on: Scheduler.current!)
  process.dropBody()
  end(process)
}

/// Ends the process on its own stack and switches away for good.
@inline(never)
func end(_ process: ProcessHandle) {
  endOnOwnStack(process)
  Scheduler.current!.switchAway(.exited)
  stopTheProgram("a process that has ended was run again")
}

/// Makes the process's references stale, destroys what it has not read, and tells those that wait for it.
///
/// A `deinit` may trap and re-enter this function, so every step is idempotent.
@inline(never)
private func endOnOwnStack(_ process: ProcessHandle) {
  process.it.usage.end()
  // Ordering: the inbox's `end` publishes the new generation to threads that obtain extras which this end does not find
  // (PX2). Releasing is for threads that can rely on neither (`isAlive`).
  process.it.generation.store(process.it.identity.generation &+ 1, ordering: .releasing)
  let last = process.it.inbox.end()
  process.it.unreadThen.store(0, ordering: .relaxed)
  if last != nil || process.it.mailbox.first != nil || process.it.arrived != nil
    || process.extrasAddress != 0 || process.hasExitReason
  {
    destroyRest(of: process, last)
  }
  if process.it.mailbox.hasReceived { process.it.mailbox = Mailbox() }
}

/// Ends what most processes do not have when they end.
@inline(never)
private func destroyRest(of process: ProcessHandle, _ last: Handle<MessageNode>?) {
  process.keepUnsorted(last)
  if process.hasExtras {
    let unsorted = process.extras().it.unsorted
    process.extras().it.unsorted = nil
    process.keepUnsorted(unsorted)
    process.cancelTimers()
  }
  let reason: ExitReason = process.hasExitReason ? process.presentExitReason : .normal
  if let end = reason.recorded { Scheduler.current!.record(.ended, payload: end.rawValue) }
  while let node = process.it.mailbox.removeFirst() ?? process.takeArrived() { process.dropUnread(node, reason) }
  if !reason.isOrderly && !process.it.flags.contains(.reported) { process.reportEnd(reason) }
  if process.hasExtras { process.endExtras() }
  if let services = process.servicesIfAny {
    process.endServices(services, reason)
    process.endHeap()
  }
  if process.hasExitReason { process.dropExitReason() }
}

extension Handle<ProcessRecord> {
  /// Destroys what is in the mailbox, and returns the number of messages.
  ///
  /// Callers that wait for a reply are told that their request was discarded.
  func destroyMail() -> Int {
    var count = 0
    while let node = it.mailbox.removeFirst() ?? takeArrived() {
      count += 1
      if node.it.isCounted && it.isBounded { release(Int(node.it.bytes)) }
      if node.it.kind == .parentExit { noteParentExitReceived() }
      Scheduler.current!.it.counters.messagesDestroyed.add()
      node.drop(.discarded, from: Scheduler.current)
    }
    return count
  }

  /// Moves messages that were not sorted into the mailbox of a process that has ended, so that they are destroyed, too.
  fileprivate func keepUnsorted(_ first: Handle<MessageNode>?) {
    var next = first
    while let node = next {
      next = node.it.next
      node.it.isLate = node.it.generation != it.identity.generation
      it.mailbox.append(node)
    }
  }

  /// Reports an abnormal end, while the process still has its name.
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

  /// Destroys a message that will not be read, and tells its reason to a caller that waits for a reply.
  fileprivate func dropUnread(_ node: Handle<MessageNode>, _ reason: ExitReason) {
    if node.it.isLate { return dropLate(node) }
    if node.it.wasSent { Scheduler.current!.it.counters.messagesDestroyed.add() }
    if node.it.kind == .request { node.ticket.fail(reason) }
    node.discard()
  }

  /// Tells senders in the mailbox's wait queue, waiters for its locks, and processes that it has suspended about the
  /// end.
  fileprivate func endExtras() {
    if it.isBounded { closeBound() }
    let extras = extras()
    if !extras.it.holdings.isEmpty { Holder.process(self, it.identity).giveEverythingBack() }
    endSuspends()
    endLending()
    extras.it.memoryLimit = .max
    extras.it.waits = WaitCounts()
    if extras.it.exitTrap != nil { extras.it.exitTrap = nil }
  }
}

extension Handle<Scheduler> {
  /// Takes slot and record of a process back, after it has switched away for good.
  // Sound: the process is this scheduler's, and its saved thread state is its own. Likewise in `abandon`.
  @inline(never)
  func reap(_ process: ProcessHandle) {
    process.it.transition(.terminate)
    if unsafe process.it.savedThreadState.words != nil { unsafe joist_saved_state_clear(&process.it.savedThreadState) }
    vacate(process)
    it.counters.processesEnded.addReleasing()
    it.runtime.giveRecord(process, self)
    joist_light_fence()  // J4
    if it.runtime.it.shutdown.isRefusing { it.runtime.it.shutdown.processEnded(it.runtime) }
  }

  /// Lays a fresh frame over what the process has on its stack; in that frame it only ends.
  @inline(never)
  func abandon(_ process: ProcessHandle) {
    it.runtime.it.counters.processesAbandoned.add()
    unsafe joist_saved_state_clear(&process.it.savedThreadState)
    process.it.signals.clear([.kill, .toldOfKill])
    _ = process.it.slot!.it.endFrames()
    process.it.slot!.it.lay(process, entry: .end)
  }
}
