// SPDX-License-Identifier: Apache-2.0
//
// Waits with an end: arming a process's entry in a wheel, and what happens when it comes up. Rules Y1 to Y5.

import Synchronization

extension Handle<Scheduler> {
  /// The present wait of a process ends at that time, on the process's own stack.
  ///
  /// The deadline is in the record before the wheel's lock is taken, so an entry that comes up meanwhile finds it (Y3).
  // Ordering: relaxed. An entry that comes up before the lock is taken here may find the old deadline, and has left
  // then: it is put in here. One that comes up later finds the new deadline, for the lock.
  func arm(_ process: ProcessHandle, _ deadline: Int64) {
    let timer = process.ownTimer()
    timer.it.deadline.store(deadline, ordering: .relaxed)
    process.it.flags.insert(.timed)
    it.counters.timedWaits.addReleasing()
    let due = TimerWheel.tick(of: deadline)
    let entry = timer.entry
    while true {
      let place = entry.it.place
      let owner = place == .none ? self : it.runtime.it.scheduler(place.wheel)
      owner.it.wheel.lock.lock()
      defer { owner.it.wheel.lock.unlock() }
      // It may have come up, or gone to another wheel, before the lock was taken.
      let now = entry.it.place
      guard now == .none || now.wheel == owner.it.index else { continue }
      if now != .none {
        if entry.it.due <= due { return }
        owner.it.wheel.remove(entry)
      }
      // Another scheduler may sleep until later than that.
      if owner != self { continue }
      return owner.it.wheel.insert(entry, due: due)
    }
  }

  /// The wait is over; the entry stays where it is (Y3).
  // Ordering: relaxed. Whoever finds the old deadline wakes for nothing.
  @inline(__always)
  func disarm(_ process: ProcessHandle) {
    guard process.it.flags.contains(.timed) else { return }
    process.it.flags.remove(.timed)
    process.it.timer!.it.deadline.store(.max, ordering: .relaxed)
    it.counters.timedWaits.addReleasing(-1)
  }

  /// Wakes the processes whose waits in a scheduler's wheel are over, at most a batch of them.
  func wakeDue(_ owner: Handle<Scheduler>) {
    if owner.it.wheel.isEmptyAtAGuess { return }
    let now = it.runtime.now
    guard owner.it.wheel.lock.tryLock() else { return }
    var undelivered = Undelivered()
    var room = Limits.dueBatch
    while room > 0, let entry = owner.it.wheel.removeDue(now: now) {
      room -= 1
      switch entry.it.owner {
      case .process: cameUp(Handle<ProcessTimer>(entry: entry), owner, now)
      case .message:
        fire(Handle<MessageTimer>(entry: entry), owner, now, &undelivered)
      }
    }
    owner.it.wheel.lock.unlock()
    if room == 0 {
      it.nextClockLook = 0
      it.clockCredit = 0
    }
    if !undelivered.isEmpty { it.runtime.destroyElsewhere(undelivered) }
  }

  /// A process's entry came up: its wait is over, or is to last longer by now (Y3).
  ///
  /// Under the wheel's lock.
  // Ordering: as `arm` and `disarm`.
  private func cameUp(_ timer: Handle<ProcessTimer>, _ owner: Handle<Scheduler>, _ now: Int64) {
    let deadline = timer.it.deadline.load(ordering: .relaxed)
    if deadline > now && deadline != .max {
      return owner.it.wheel.insert(timer.entry, due: TimerWheel.tick(of: deadline))
    }
    // An entry that is in no wheel may be freed with the record of a process that has ended (`TableTrim`).
    let process = timer.it.process
    timer.entry.it.leave()
    if deadline <= now { process.rouse(.woken, from: self) }
  }

  /// When the next entry comes up, here or where a scheduler is stuck.
  func nextDue() -> Int64? {
    var nearest = nextDue(of: self)
    guard it.runtime.it.monitor.stuckCount > 0 else { return nearest }
    for number in 0..<it.runtime.it.schedulerCount {
      let other = it.runtime.it.scheduler(number)
      guard other.it.isStuck.load(ordering: .relaxed), let due = nextDue(of: other) else { continue }
      nearest = min(nearest ?? due, due)
    }
    return nearest
  }

  private func nextDue(of owner: Handle<Scheduler>) -> Int64? {
    if owner.it.wheel.isEmptyAtAGuess { return nil }
    owner.it.wheel.lock.lock()
    defer { owner.it.wheel.lock.unlock() }
    return owner.it.wheel.nextDue
  }

  /// Moves every entry to another scheduler's wheel: this one retires.
  ///
  /// The other one is woken, for it may sleep until later than one of them.
  func moveTimers(to other: Handle<Scheduler>) {
    if it.wheel.isEmptyAtAGuess { return }
    it.wheel.lock.lock()
    other.it.wheel.lock.lock()
    while let entry = it.wheel.removeAny() { other.it.wheel.insert(entry, due: entry.it.due) }
    other.it.wheel.lock.unlock()
    it.wheel.lock.unlock()
    other.it.alarm.signal(it.runtime.it.platform)
  }
}

extension Duration {
  /// The longest timeout that is handed to a clock that is not the platform's: a century.
  package static let longestSleep = Duration.seconds(100 * 366 * 86_400)

  /// In nanoseconds, as far as they fit: years and centuries are no overflow.
  var clampedNanoseconds: Int64 {
    // A nanosecond is 2^9 times 5^9 attoseconds. Up to 2.6 hours, what the shift leaves has 64 bits, and dividing it by
    // a constant is a multiplication; a division of 128 bits is a call.
    if let short = UInt64(exactly: attoseconds >> 9) { return Int64(short / 1_953_125) }
    return Int64(clamping: attoseconds / 1_000_000_000)
  }
}

extension Int64 {
  /// Returns the time that a duration after this one is; a duration below zero is over at once.
  fileprivate func adding(_ duration: Duration) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(Swift.max(0, duration.clampedNanoseconds))
    return overflow ? .max - 1 : Swift.min(sum, .max - 1)
  }
}

extension Platform {
  /// The time so long from now; a duration below zero is over at once.
  package func deadline(after duration: Duration) -> Int64 { now().adding(duration) }
}

extension Handle<RuntimeCore> {
  /// The time so long from now; nil for ever, which does not touch the platform.
  func deadline(after duration: Duration?) -> Int64? {
    duration.map { now.adding($0) }
  }
}

extension Handle<ProcessRecord> {
  /// The wait ends so long from now; false when that is now.
  func armWait(_ timeout: Duration, on scheduler: Handle<Scheduler>) -> Bool {
    guard timeout > .zero, let deadline = scheduler.it.runtime.deadline(after: timeout) else { return false }
    scheduler.arm(self, deadline)
    return true
  }

  /// Whether the wait's end has come.
  // Ordering: the process stored it itself.
  func isOverdue(on scheduler: Handle<Scheduler>) -> Bool {
    scheduler.it.runtime.now >= it.timer!.it.deadline.load(ordering: .relaxed)
  }
}
