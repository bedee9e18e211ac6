// SPDX-License-Identifier: Apache-2.0
//
// Waits with a timeout: arming a process's entry in a wheel, and what happens when the entry expires. Rules Y1 to Y5.

import Synchronization

extension Handle<Scheduler> {
  /// Sets the deadline of a process's current wait, on the process's own stack.
  ///
  /// The deadline is in the `ProcessTimer` before the wheel's lock is taken (Y3).
  // Ordering: relaxed. If another thread expires the entry before this one has the lock, it may still read `.max`. Then
  // it takes the entry out, and this thread inserts it here. A thread that expires the entry later finds the new
  // deadline, because of the lock.
  func arm(_ process: ProcessHandle, _ deadline: Int64) {
    let timer = process.ownTimer()
    timer.it.deadline.store(deadline, ordering: .relaxed)
    process.it.flags.insert(.timed)
    it.counters.timedWaits.addReleasing()
    let due = TimerWheel.tick(of: deadline)
    let entry = timer.entry
    while true {
      let place = entry.it.place
      let wheelScheduler = place == .none ? self : it.runtime.it.scheduler(place.wheel)
      wheelScheduler.it.wheel.lock.lock()
      defer { wheelScheduler.it.wheel.lock.unlock() }
      // The entry may have expired, or moved to another wheel, before the lock was taken.
      let currentPlace = entry.it.place
      guard currentPlace == .none || currentPlace.wheel == wheelScheduler.it.index else { continue }
      if currentPlace != .none {
        if entry.it.due <= due { return }
        wheelScheduler.it.wheel.remove(entry)
      }
      // The wheel's scheduler may sleep until later than the new deadline, so the entry goes into this scheduler's
      // wheel.
      if wheelScheduler != self { continue }
      return wheelScheduler.it.wheel.insert(entry, due: due)
    }
  }

  /// Clears the deadline of a wait that is over; the entry stays where it is (Y3).
  // Ordering: relaxed. A thread that reads the old deadline makes one unnecessary wake-up.
  @inline(__always)
  func disarm(_ process: ProcessHandle) {
    guard process.it.flags.contains(.timed) else { return }
    process.it.flags.remove(.timed)
    process.it.timer!.it.deadline.store(.max, ordering: .relaxed)
    it.counters.timedWaits.addReleasing(-1)
  }

  /// Wakes the processes whose waits in a scheduler's wheel are over, and fires its timers, at most a batch of them.
  func wakeDue(_ wheelScheduler: Handle<Scheduler>) {
    if wheelScheduler.it.wheel.isEmptyAtAGuess { return }
    let now = it.runtime.now
    guard wheelScheduler.it.wheel.lock.tryLock() else { return }
    var undelivered = Undelivered()
    var remaining = Limits.dueBatch
    while remaining > 0, let entry = wheelScheduler.it.wheel.removeDue(now: now) {
      remaining -= 1
      switch entry.it.kind {
      case .process: expire(Handle<ProcessTimer>(entry: entry), wheelScheduler, now)
      case .message:
        fire(Handle<MessageTimer>(entry: entry), wheelScheduler, now, &undelivered)
      }
    }
    wheelScheduler.it.wheel.lock.unlock()
    // The wheel's scheduler may have returned from its slice and gone to sleep while an entry that was inserted again
    // was out.
    if wheelScheduler != self && !wheelScheduler.it.wheel.isEmptyAtAGuess {
      wheelScheduler.it.alarm.ring(it.runtime.it.platform)
    }
    if remaining == 0 {
      it.nextClockLook = 0
      it.clockCredit = 0
    }
    if !undelivered.isEmpty { it.runtime.destroyElsewhere(undelivered) }
  }

  /// Ends the wait of an expired entry's process, or inserts the entry again if the deadline is later by now (Y3).
  ///
  /// Under the wheel's lock.
  // Ordering: as `arm` and `disarm`.
  private func expire(_ timer: Handle<ProcessTimer>, _ wheelScheduler: Handle<Scheduler>, _ now: Int64) {
    let deadline = timer.it.deadline.load(ordering: .relaxed)
    if deadline > now && deadline != .max {
      return wheelScheduler.it.wheel.insert(timer.entry, due: TimerWheel.tick(of: deadline))
    }
    // An entry that is in no wheel may be freed with the record of an ended process (`TableTrim`).
    let process = timer.it.process
    timer.entry.it.leave()
    if deadline <= now { process.rouse(.woken, from: self) }
  }

  /// Returns the time at which the next entry expires, in this scheduler's wheel or that of a stuck one.
  func nextDue() -> Int64? {
    var nearest = nextDue(of: self)
    guard it.runtime.it.watchdog.stuckCount > 0 else { return nearest }
    for number in 0..<it.runtime.it.schedulerCount {
      let other = it.runtime.it.scheduler(number)
      guard other.it.isStuck.load(ordering: .relaxed), let due = nextDue(of: other) else { continue }
      nearest = min(nearest ?? due, due)
    }
    return nearest
  }

  private func nextDue(of wheelScheduler: Handle<Scheduler>) -> Int64? {
    if wheelScheduler.it.wheel.isEmptyAtAGuess { return nil }
    wheelScheduler.it.wheel.lock.lock()
    defer { wheelScheduler.it.wheel.lock.unlock() }
    return wheelScheduler.it.wheel.nextDue
  }

  /// Moves every entry to the wheel of another scheduler when this one retires.
  ///
  /// The other scheduler is woken, because it may sleep until later than one of the deadlines.
  func moveTimers(to other: Handle<Scheduler>) {
    if it.wheel.isEmptyAtAGuess { return }
    it.wheel.lock.lock()
    other.it.wheel.lock.lock()
    while let entry = it.wheel.removeAny() { other.it.wheel.insert(entry, due: entry.it.due) }
    other.it.wheel.lock.unlock()
    it.wheel.lock.unlock()
    other.it.alarm.ring(it.runtime.it.platform)
  }
}

extension Duration {
  /// The longest timeout that is passed to a clock other than the platform's: a century.
  package static let longestSleep = Duration.seconds(100 * 366 * 86_400)

  /// The duration in nanoseconds, clamped to their range: years and centuries do not overflow.
  var clampedNanoseconds: Int64 {
    // A nanosecond is 2^9 times 5^9 attoseconds. Up to 2.6 hours, what the shift leaves fits 64 bits, and dividing that
    // by a constant is a multiplication. A division of 128 bits is a call.
    if let short = UInt64(exactly: attoseconds >> 9) { return Int64(short / 1_953_125) }
    return Int64(clamping: attoseconds / 1_000_000_000)
  }
}

extension Int64 {
  /// Returns the time that is a duration after this one; a negative duration counts as zero.
  fileprivate func adding(_ duration: Duration) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(Swift.max(0, duration.clampedNanoseconds))
    return overflow ? .max - 1 : Swift.min(sum, .max - 1)
  }
}

extension Platform {
  /// Returns the time that is a duration from now; a negative duration counts as zero.
  package func deadline(after duration: Duration) -> Int64 { now().adding(duration) }
}

extension Handle<RuntimeCore> {
  /// Returns the time that is a duration from now; nil for nil, which means forever and does not read the clock.
  func deadline(after duration: Duration?) -> Int64? {
    duration.map { now.adding($0) }
  }
}

extension Handle<ProcessRecord> {
  /// Sets the current wait's deadline to a timeout from now; returns false if the timeout is not positive.
  func armWait(_ timeout: Duration, on scheduler: Handle<Scheduler>) -> Bool {
    guard timeout > .zero, let deadline = scheduler.it.runtime.deadline(after: timeout) else { return false }
    scheduler.arm(self, deadline)
    return true
  }

  /// Returns whether the current wait's deadline has passed.
  // Ordering: relaxed, because the process stored it itself.
  func isOverdue(on scheduler: Handle<Scheduler>) -> Bool {
    scheduler.it.runtime.now >= it.timer!.it.deadline.load(ordering: .relaxed)
  }
}
