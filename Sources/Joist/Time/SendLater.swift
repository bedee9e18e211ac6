// SPDX-License-Identifier: Apache-2.0
//
// Messages that are sent later: arming, firing, cancelling. Rules TM1 to TM4, Y1 to Y5.

import Synchronization

extension Handle<RuntimeCore> {
  /// Arms a timer in the wheel of the caller's scheduler, or of any.
  func arm(
    _ fill: (Handle<MessageTimer>) -> Void,
    to target: ProcessHandle,
    _ id: ProcessID,
    after delay: Duration,
    every interval: Int64 = 0
  ) -> TimerID {
    Scheduler.beginCall()
    let mine = Scheduler.current.flatMap { $0.it.runtime == self ? $0 : nil }
    let timer = TimerPool.take(mine)
    timer.it.target = target
    timer.it.targetID = id
    timer.it.sender = 0
    if let caller = mine?.it.running {
      timer.it.sender = caller.id.bits
      caller.charge(Cost.arm)
    }
    fill(timer)
    let deadline = deadline(after: delay)!
    let number = timer.it.begin(at: deadline, every: interval)
    if let mine { mine.it.figures.timedWaits.addReleasing() } else { it.figures.timedWaits.add() }
    let owner = mine ?? it.nextRegular(near: it.currentNode)
    owner.it.wheel.lock.lock()
    owner.it.wheel.insert(timer.entry, due: TimerWheel.tick(of: deadline))
    owner.it.wheel.lock.unlock()
    // It may sleep until a later time.
    if mine == nil { owner.it.alarm.signal(it.platform) }
    return TimerID(timer: timer, number: number)
  }

  /// Stops a timer; the time that it still had, or nil when it has fired or was cancelled.
  // Ordering: taking it out of its wheel orders the rest.
  func cancel(_ id: TimerID) -> Duration? {
    Scheduler.beginCall()
    let mine = Scheduler.current.flatMap { $0.it.runtime == self ? $0 : nil }
    mine?.it.running?.charge(Cost.arm)
    guard let timer = id.timer, timer.it.claim(id.number) else { return nil }
    takeOut(timer.entry)
    let rest = timer.it.deadline.load(ordering: .relaxed) - (mine?.it.lastNow ?? it.platform.now())
    timer.destroy(mine)
    if let mine {
      mine.it.figures.timedWaits.addReleasing(-1)
    } else {
      it.figures.timedWaits.add(-1)
      it.idleness.mayHaveCome(self)
    }
    return .nanoseconds(max(0, rest))
  }

  /// Takes an entry out of the wheel that it is in, if it is in one (Y5).
  private func takeOut(_ entry: Handle<TimerEntry>) {
    while true {
      let place = entry.it.place
      if place == .none { return }
      let owner = it.scheduler(place.wheel)
      owner.it.wheel.lock.lock()
      defer { owner.it.wheel.lock.unlock() }
      let here = entry.it.place
      if here == .none { return }
      if here.wheel == owner.it.index { return owner.it.wheel.remove(entry) }
    }
  }

  /// The time that a timer still has.
  func remaining(_ id: TimerID) -> Duration? {
    guard let timer = id.timer, let deadline = timer.it.deadline(of: id.number) else { return nil }
    return .nanoseconds(max(0, deadline - it.platform.now()))
  }
}

extension Handle<Scheduler> {
  /// A message timer came up: sends, and puts it in again if it repeats.
  ///
  /// Under the wheel's lock, where nothing is destroyed: what could not be delivered, or is not needed any more, is
  /// returned (TM4).
  // Ordering: the generation is a guess (R9); one timer too many ends at the next time.
  func fire(_ timer: Handle<MessageTimer>, _ owner: Handle<Scheduler>, _ now: Int64) -> Handle<MessageNode>? {
    let number = timer.it.number
    let target = timer.it.target!
    let id = timer.it.targetID
    let lives = target.it.generation.load(ordering: .relaxed) == id.generation
    if timer.it.interval > 0 && lives && number != 0 {  // TM2
      let next = timer.it.following(now)
      timer.it.deadline.store(next, ordering: .relaxed)
      owner.it.wheel.insert(timer.entry, due: TimerWheel.tick(of: next))
      return deliver(Delivery.making(timer.it.maker!), timer.it.sender, to: target, id)
    }
    guard timer.it.claim(number) else {
      // Who cancels it waits for this lock (TM1).
      timer.entry.it.leave()
      return nil
    }
    timer.entry.it.leave()
    it.figures.timedWaits.addReleasing(-1)
    let sender = timer.it.sender
    let (node, maker) = (timer.it.node.take(), timer.it.maker.take())
    TimerPool.give(timer, self)
    guard let node else { return maker.map { Delivery.making($0).node } }
    return deliver(Delivery(node: node, scheduler: self), sender, to: target, id)
  }

  private func deliver(
    _ delivery: Delivery,
    _ sender: UInt64,
    to target: ProcessHandle,
    _ id: ProcessID
  ) -> Handle<MessageNode>? {
    let node = delivery.node
    node.it.generation = id.generation
    node.it.sender = sender
    node.it.sent = it.lastClock
    it.figures.messagesSent.add()
    if let refusal = target.admit(node, id, .atOnce) {
      delivery.count(refusal, target.home)
      node.reportDead(target, refusal == .noProcess ? .noProcess : .mailboxFull)
      return node
    }
    if target.it.inbox.push(node) { target.wake(from: self) }
    return nil
  }

  /// Destroys the timers that are left: the runtime is over.
  func dropTimers() {
    while let entry = it.wheel.removeAny() {
      entry.it.leave()
      guard entry.it.owner == .message else { continue }
      let timer = Handle<MessageTimer>(entry: entry)
      if timer.it.claim(timer.it.number) { timer.destroy(nil) }
    }
    TimerPool.empty(self)
  }
}

extension Handle<MessageTimer> {
  /// Destroys what is in it, and gives it back.
  ///
  /// The caller has it (TM1), and it is in no wheel.
  fileprivate func destroy(_ scheduler: Handle<Scheduler>?) {
    let node = it.node.take()
    it.maker = nil
    TimerPool.give(self, scheduler)
    node?.discard()
  }
}
