// SPDX-License-Identifier: Apache-2.0
//
// Messages that are sent later: arming, firing and cancelling timers. Rules TM1 to TM6, Y1 to Y5.

import Synchronization

extension Handle<RuntimeCore> {
  /// Arms a timer in the wheel of the caller's scheduler, or of any scheduler if the caller has none here.
  ///
  /// A message to a process that has ended is dropped, counted and reported at once; a separate process destroys it
  /// (TM4).
  func arm(
    _ fill: (Handle<MessageTimer>) -> Void,
    to target: ProcessHandle,
    _ id: ProcessID,
    after delay: Duration,
    every interval: Int64 = 0
  ) -> TimerID {
    Scheduler.beginCall()
    let local = Scheduler.current.flatMap { $0.it.runtime == self ? $0 : nil }
    let timer = TimerPool.take(local)
    timer.it.target = target
    timer.it.targetID = id
    timer.it.core = self
    timer.it.sender = 0
    if let caller = Scheduler.current?.it.running {
      if local != nil { timer.it.sender = caller.id.bits }
      caller.charge(Cost.arm)
      caller.noteHandOn(isPaid: true)
    }
    fill(timer)
    let deadline = deadline(after: delay)!
    let number = timer.it.begin(at: deadline, every: interval)
    if let local { local.it.counters.timedWaits.addReleasing() } else { it.counters.timedWaits.add() }
    let wheelScheduler = local ?? it.nextRegular(near: it.currentNode)
    wheelScheduler.it.wheel.lock.lock()
    wheelScheduler.it.wheel.insert(timer.entry, due: TimerWheel.tick(of: deadline))
    wheelScheduler.it.wheel.lock.unlock()
    // The scheduler may sleep until a later time.
    if local == nil { wheelScheduler.it.alarm.ring(it.platform) }
    if !target.list(timer, number, id) { dropArmed(timer, number) }
    return TimerID(timer: timer, number: number)
  }

  /// Drops a timer whose receiver has ended, unless it has fired or was cancelled meanwhile.
  @inline(never)
  private func dropArmed(_ timer: Handle<MessageTimer>, _ number: UInt) {
    guard timer.it.claim(number) else { return }
    timer.leaveWheel()
    let (target, id, sender) = (timer.it.target!, timer.it.targetID, timer.it.sender)
    let isOnce = timer.it.node != nil
    guard let node = timer.giveBack(Scheduler.current) else { return }
    if isOnce {
      node.it.generation = id.generation
      node.it.sender = sender
      it.counters.messagesSent.add()
      it.counters.messagesDropped.add()
      node.reportDead(target, .noProcess)
    }
    var undelivered = Undelivered()
    undelivered.add(node)
    destroyElsewhere(undelivered)
  }

  /// Cancels a timer and returns the time that it had left; nil if it has fired or was cancelled before.
  ///
  /// That time is computed from the real clock: a scheduler's last look may be a whole slice old, so that the result
  /// could exceed the delay that was asked for.
  // Ordering: relaxed; taking the timer out of its wheel orders the rest.
  func cancel(_ id: TimerID) -> Duration? {
    Scheduler.beginCall()
    let local = Scheduler.current.flatMap { $0.it.runtime == self ? $0 : nil }
    local?.it.running?.charge(Cost.arm)
    guard let timer = id.timer, timer.it.claim(id.number) else { return nil }
    timer.leaveWheel()
    let rest = timer.it.deadline.load(ordering: .relaxed) - now
    timer.it.target!.unlist(timer)
    // The timer is counted as gone before, because the message's `deinit` may trap (UD1).
    if let node = timer.giveBack(local) { destroy(node) }
    return .nanoseconds(max(0, rest))
  }

  /// Takes an entry out of the wheel that it is in, if it is in one (Y5).
  fileprivate func takeOut(_ entry: Handle<TimerEntry>) {
    while true {
      let place = entry.it.place
      if place == .none { return }
      let wheelScheduler = it.scheduler(place.wheel)
      wheelScheduler.it.wheel.lock.lock()
      defer { wheelScheduler.it.wheel.lock.unlock() }
      let currentPlace = entry.it.place
      if currentPlace == .none { return }
      if currentPlace.wheel == wheelScheduler.it.index { return wheelScheduler.it.wheel.remove(entry) }
    }
  }

  /// Returns the time that a timer has left; nil if it has fired or was cancelled.
  func remaining(_ id: TimerID) -> Duration? {
    guard let timer = id.timer, let deadline = timer.it.deadline(of: id.number) else { return nil }
    return .nanoseconds(max(0, deadline - now))
  }
}

extension Handle<Scheduler> {
  /// Sends the message of a timer that is due, and inserts the timer again if it repeats.
  ///
  /// Under the wheel's lock, where nothing may be destroyed or reported. A message that could not be delivered or is
  /// not needed any more is added to `undelivered` (TM4).
  // Ordering: the generation is a guess (R9); a timer that is inserted although its receiver has ended ends when it is
  // due the next time.
  func fire(
    _ timer: Handle<MessageTimer>,
    _ wheelScheduler: Handle<Scheduler>,
    _ now: Int64,
    _ undelivered: inout Undelivered
  ) {
    let number = timer.it.number
    let target = timer.it.target!
    let id = timer.it.targetID
    let lives = target.it.generation.load(ordering: .relaxed) == id.generation
    if timer.it.interval > 0 && lives && number != 0 {  // TM2
      let next = timer.it.following(now)
      timer.it.deadline.store(next, ordering: .relaxed)
      wheelScheduler.it.wheel.insert(timer.entry, due: TimerWheel.tick(of: next))
      return deliver(Delivery.making(timer.it.maker!), timer.it.sender, to: target, id, &undelivered)
    }
    guard timer.it.claim(number) else {
      // The claimant waits for this lock and takes the entry out (TM1, TM6).
      wheelScheduler.it.wheel.insert(timer.entry, due: TimerWheel.tick(of: now) + 2)
      return
    }
    timer.entry.it.leave()
    it.counters.timedWaits.addReleasing(-1)
    let sender = timer.it.sender
    let isOnce = timer.it.node != nil
    target.unlist(timer)
    let node = timer.giveBack(self)
    guard let node else { return }
    if !isOnce { return undelivered.add(node) }
    deliver(Delivery(node: node, scheduler: self), sender, to: target, id, &undelivered)
  }

  private func deliver(
    _ delivery: Delivery,
    _ sender: UInt64,
    to target: ProcessHandle,
    _ id: ProcessID,
    _ undelivered: inout Undelivered
  ) {
    let node = delivery.node
    node.it.generation = id.generation
    node.it.sender = sender
    node.it.sent = it.lastClock
    it.counters.messagesSent.add()
    guard let refusal = target.admit(node, id, .atOnce) ?? delivery.push(to: target) else { return }
    delivery.count(refusal, target.home)
    undelivered.add(node, target, DeadLetter.Cause(refusal))
  }

  /// Takes the remaining timers out of the wheel when the runtime ends; the caller destroys what they were to send.
  ///
  /// A timer that another thread has claimed is left to that thread, which this function waits for (TM6).
  func dropTimers(_ undelivered: inout Undelivered) {
    while true {
      it.wheel.lock.lock()
      guard let entry = it.wheel.removeAny() else {
        it.wheel.lock.unlock()
        return TimerPool.empty(self)
      }
      let timer = entry.it.kind == .message ? Handle<MessageTimer>(entry: entry) : nil
      let isClaimed = timer.map { $0.it.claim($0.it.number) } ?? true
      if isClaimed { entry.it.leave() } else { it.wheel.insert(entry, due: entry.it.due) }
      it.wheel.lock.unlock()
      guard isClaimed else {
        relinquishProcessor()
        continue
      }
      guard let timer else { continue }
      timer.it.target!.unlist(timer)
      if let node = timer.giveBack(nil) { undelivered.add(node) }
    }
  }
}

extension Handle<MessageTimer> {
  /// Counts a claimed timer as one that its runtime does not wait for any more, and takes it out of its wheel.
  ///
  /// In this order, because the runtime is certain to exist only while the timer is in the wheel (TM6).
  // Ordering: as `arm` counted it, or with the fence of `mayHaveCome`.
  fileprivate func leaveWheel() {
    let core = it.core!
    if let scheduler = Scheduler.current, scheduler.it.runtime == core {
      scheduler.it.counters.timedWaits.addReleasing(-1)
    } else {
      core.it.counters.timedWaits.add(-1)
      core.it.quiescence.mayHaveCome(core)
    }
    core.takeOut(entry)
  }

  /// Gives back a claimed timer that is in no wheel and no list; returns what it was to send.
  fileprivate func giveBack(_ scheduler: Handle<Scheduler>?) -> Handle<MessageNode>? {
    let (node, maker) = (it.node.take(), it.maker.take())
    TimerPool.give(self, scheduler)
    return node ?? maker.map { Delivery.making($0).node }
  }
}

extension Handle<ProcessRecord> {
  /// Lists a timer that was inserted in a wheel, unless it has left the wheel again (TM5).
  ///
  /// Returns false if the process has ended.
  // Ordering: the first look is a guess (R9), so that an ended process gets no extras.
  fileprivate func list(_ timer: Handle<MessageTimer>, _ number: UInt, _ id: ProcessID) -> Bool {
    guard it.generation.load(ordering: .relaxed) == id.generation else { return false }
    let extras = extras()
    return extras.it.lock.withLock {
      guard isStill(id.generation) else { return false }
      if timer.it.number == number { extras.it.timers.insert(timer) }
      return true
    }
  }

  /// Takes a claimed timer off the list, if it is listed.
  ///
  /// A process without extras lists none, because extras stay with their record.
  fileprivate func unlist(_ timer: Handle<MessageTimer>) {
    guard hasExtras else { return }
    let extras = extras()
    extras.it.lock.withLock { extras.it.timers.remove(timer) }
  }

  /// Cancels the timers that are armed for this process, which has ended (TM5).
  ///
  /// What they were to send is put into its mailbox, to be destroyed with the rest.
  func cancelTimers() {
    let extras = extras()
    while true {
      extras.it.lock.lock()
      guard let timer = extras.it.timers.first else { return extras.it.lock.unlock() }
      extras.it.timers.remove(timer)
      let isClaimed = timer.it.claim(timer.it.number)
      extras.it.lock.unlock()
      guard isClaimed else { continue }
      timer.leaveWheel()
      guard let node = timer.giveBack(Scheduler.current) else { continue }
      node.it.kind = .remains
      it.mailbox.append(node)
    }
  }
}
