// SPDX-License-Identifier: Apache-2.0
//
// The monitor: a thread beside the schedulers that looks every two milliseconds whether they move.
// X3. A scheduler is stuck when it has been in one slice for five milliseconds: a loop without a suspension point, a
//     slow library, a system call that blocks (X7 says how that is told from a busy machine). Nothing is taken from it.
//     A spare scheduler is started, or woken, and
//     steals, as thieves always may; it serves the stuck one's wheel as well.
//     Where the system gives no thread for one that is new, that is reported, the scheduler waits among those that have
//     retired, and nothing is tried for a second.
// X4. A scheduler that comes back from a slice in which it was found stuck says so, and a spare one retires: it gives
//     its queue and its timers to a regular one and sleeps until it is needed again.
// X5. A monitor that itself woke late does nothing that round: then everything was late.
// X7. Where other programs use the processors too, a thread may be in one slice for long because the system does not
//     run it. A spare one would not be run either, and would take its work away. So the monitor asks what the thread
//     did: one that was on a processor for three of the five milliseconds, by its own clock, is stuck, and so is one
//     that waits in the system. One that is runnable and was not run is not. Where the platform does not know, the
//     five milliseconds decide.
// X8. When no spare one is left, that is reported, once until one is: the report is handled by the last one, as long as
//     that is not stuck as well. Where there are to be no spare ones it is reported when every scheduler is stuck.

import CJoist
import Synchronization

/// The monitor's part of a runtime.
struct Watchdog: ~Copyable {
  /// What it sleeps on while nothing runs.
  private let alarm = WaitWord()
  // Ordering: sequentially consistent; `AwakeCount` has the argument.
  private let isResting = Atomic<Bool>(false)
  /// Schedulers that are stuck, in the upper half, and spare ones at work, in the lower.
  // Ordering: relaxed, for nothing else is concluded from it: who has to act is told by an alarm, or is a new thread.
  // In one word, so that who retires sees both counts as they were at one moment, and they are so still.
  private let counts = Atomic<UInt64>(0)
  /// Spare schedulers that have retired (X4).
  let retired = SchedulerSet()

  /// Schedulers that are stuck.
  var stuckCount: UInt64 { counts.load(ordering: .relaxed) >> 32 }

  func countOneStuck() { counts.wrappingAdd(1 << 32, ordering: .relaxed) }
  func countOneBack() { counts.wrappingSubtract(1 << 32, ordering: .relaxed) }
  func countOneStandingIn() { counts.wrappingAdd(1, ordering: .relaxed) }

  /// One spare fewer is at work, if there are more than schedulers that are stuck.
  ///
  /// True for the one that is to retire.
  func mayRetire() -> Bool {
    let present = counts.load(ordering: .relaxed)
    guard present & 0xffff_ffff > present >> 32 else { return false }
    return counts.compareExchange(expected: present, desired: present - 1, ordering: .relaxed).exchanged
  }

  /// A scheduler woke, and was counted before: the monitor looks again if it had stopped looking.
  // Ordering: `AwakeCount` has the argument, here and in `watch`.
  @inline(__always)
  func schedulersWoke(_ platform: any Platform) {
    if isResting.load(ordering: .sequentiallyConsistent) { alarm.signal(platform) }
  }

  /// The runtime is over, or is to end (J5).
  func stop(_ platform: any Platform) { alarm.signal(platform) }

  /// The monitor thread's life.
  // Ordering: `stopping` is looked at before the alarm is read, and so perhaps too early. But `isRefusing` was stored
  // before, and an alarm that was read as it is after `stop` shows that: then the monitor does not rest.
  func watch(_ core: Handle<RuntimeCore>) {
    let platform = core.it.platform
    var quiet = 0
    var round = 0
    while !core.it.stopping.load(ordering: .relaxed) {
      let seen = alarm.seen
      if core.it.idle.awake.isZero { quiet += 1 } else { quiet = 0 }
      if quiet < Limits.monitorIdleRounds {
        platform.wait(on: alarm, while: seen, until: platform.now() + Limits.monitorRound)
        // A round takes memory where it has to report something, and a monitor that found none would end the program.
        if joist_has_memory(Limits.monitorBytes) {
          core.it.monitorRounds.look(core, now: platform.now())
          round += 1
          if round % Limits.memoryLookRounds == 0 { core.lookAtMemory() }
          if round % Limits.handlerLookRounds == 0 { core.lookAtHandlers() }
        }
        if let order = core.it.ending.takeOrder(), core.carryOut(order) { return }
      } else {
        isResting.store(true, ordering: .sequentiallyConsistent)
        if core.it.idle.awake.isZero && !core.it.ending.isRefusing && !core.it.ending.isOrdered {
          platform.wait(on: alarm, while: seen, until: nil)
        }
        isResting.store(false, ordering: .sequentiallyConsistent)
        quiet = 0
        core.it.monitorRounds.forget()
      }
    }
  }
}

/// What the monitor remembers between rounds.
package struct WatchdogRounds {
  private var lastRound: Int64?
  /// The slice each scheduler was in, since when, and what its thread had had of a processor when it was seen there
  /// again (X7).
  private var slices: [(slice: UInt32, since: Int64, busy: Int64?)] = []

  /// It was said that no spare one is left (X8).
  private var hasReported = false
  /// No spare one is asked for before that: the system gave no thread.
  private var pausesUntil = Int64.min

  /// Nothing yet; has memory for that many schedulers.
  package init(schedulers: Int = 0) { slices.reserveCapacity(schedulers) }

  /// Remembers nothing any more, but keeps its memory.
  fileprivate mutating func forget() {
    slices.removeAll(keepingCapacity: true)
    (lastRound, hasReported, pausesUntil) = (nil, false, .min)
  }

  /// One round (X3, X5, X8).
  // Ordering: relaxed, guesses: five milliseconds are long.
  package mutating func look(_ core: Handle<RuntimeCore>, now: Int64) {
    defer { lastRound = now }
    if let lastRound, now - lastRound > Limits.monitorLate { return slices.removeAll(keepingCapacity: true) }
    var stuck = 0
    for number in 0..<core.it.schedulerCount {
      let scheduler = core.it.scheduler(number)
      let slice = scheduler.sliceCount
      if number == slices.count { slices.append((slice, now, nil)) }
      if slices[number].slice != slice || !scheduler.it.isInProcess.load(ordering: .relaxed) {
        slices[number] = (slice, now, nil)
      } else if now > slices[number].since, !scheduler.it.isStuck.load(ordering: .relaxed),
        isStuck(scheduler, &slices[number], now)
      {
        stuck += 1
        standIn(for: scheduler, now)
      } else if scheduler.it.isStuck.load(ordering: .relaxed) {
        stuck += 1
      }
    }
    reportIfUsedUp(core, stuck: stuck)
  }

  /// Has a spare one stand in, unless the system gave no thread for one just before (X3).
  private mutating func standIn(for scheduler: Handle<Scheduler>, _ now: Int64) {
    guard now >= pausesUntil else { return }
    let core = scheduler.it.runtime
    do { try core.standIn(for: scheduler) } catch {
      pausesUntil = now + Limits.threadPause
      core.it.reports.add(core, about: ProcessID(bits: 0)) { .resourceMissing(error) }
    }
  }

  /// The rule X8.
  private mutating func reportIfUsedUp(_ core: Handle<RuntimeCore>, stuck: Int) {
    let most = core.it.configuration.spareSchedulers
    let left = most - (core.it.schedulerCount - core.it.regularCount) + core.it.monitor.retired.countAtAGuess
    let isUsedUp = left <= 0 && stuck > 0 && (most > 0 || stuck == core.it.schedulerCount)
    defer { hasReported = isUsedUp }
    guard isUsedUp, !hasReported else { return }
    core.it.reports.add(core, about: ProcessID(bits: 0)) { .schedulersUsedUp(stuck: stuck, spares: most) }
  }

  /// Whether a scheduler that was seen in this slice before is stuck in it (X3, X7).
  private func isStuck(
    _ scheduler: Handle<Scheduler>,
    _ seen: inout (slice: UInt32, since: Int64, busy: Int64?),
    _ now: Int64
  ) -> Bool {
    let isLong = now - seen.since >= Limits.stuckAfter
    if !isLong && seen.busy != nil { return false }
    let number = scheduler.it.threadNumber.load(ordering: .relaxed)
    guard let use = scheduler.it.runtime.it.platform.use(ofThread: number) else { return isLong }
    let before = seen.busy ?? use.busy
    seen.busy = before
    if case .blocked = use { return isLong }
    return isLong && use.busy - before >= Limits.stuckWhenBusyFor
  }
}

extension Handle<RuntimeCore> {
  /// Looks whether crashes are still contained, and what was loaded since.
  fileprivate func lookAtHandlers() {
    guard it.configuration.onTrap == .contain else { return }
    joist_faults_look()
    let signal = joist_faults_lost()
    if signal != 0 { it.reports.crashesNotContained(self, signal: signal) }
  }

  /// Has a spare one stand in (X3).
  // Ordering: releasing pairs with the fence in `schedulerIsBack`, for whoever finds itself stuck undoes all of this;
  // the alarm has the spare one see it.
  fileprivate func standIn(for scheduler: Handle<Scheduler>) throws(ResourceError) {
    guard let spare = try takeSpare(near: scheduler.it.node) else { return }
    it.monitor.countOneStuck()
    scheduler.forbidHandOver()
    scheduler.it.isStuck.store(true, ordering: .releasing)
    it.monitor.countOneStandingIn()
    it.counters.spareStarts.add()
    it.idle.awake.wake()
    it.monitor.retired.remove(spare.it.index)
    spare.it.alarm.signal(it.platform)
  }

  /// A spare scheduler that has retired, in the set of those until it is called; a new one, if there may be more.
  ///
  /// Nothing is counted yet, for there may be no thread for it.
  private func takeSpare(near node: Int) throws(ResourceError) -> Handle<Scheduler>? {
    var spare = it.monitor.retired.lowest().map { it.scheduler($0) }
    if spare == nil && it.schedulerCount - it.regularCount < it.configuration.spareSchedulers {
      let made = makeScheduler(isSpare: true, onNode: node)
      it.monitor.retired.insert(made.it.index)
      spare = made
    }
    if let spare, !spare.it.hasThread { try startThread(of: spare) }
    return spare
  }

  /// The rule X4, the stuck one's part.
  // Ordering: the fence pairs with the store of `isStuck` in `standIn`, which was read relaxed: what is undone here was
  // done there before that.
  @inline(never)
  func schedulerIsBack(_ scheduler: Handle<Scheduler>) {
    ForkedChild.refuse("a process suspended or ended")
    atomicMemoryFence(ordering: .acquiring)
    scheduler.it.isStuck.store(false, ordering: .relaxed)
    scheduler.allowHandOver()
    it.monitor.countOneBack()
  }
}

extension Handle<Scheduler> {
  /// The rule X4, the spare one's part: false when it is not to retire.
  ///
  /// Sleeps until it is needed again.
  // Ordering: the set and `stopping` are looked at after the alarm (F2).
  func retireIfNotNeeded() -> Bool {
    guard it.isSpare, it.runtime.it.monitor.mayRetire() else { return false }
    let heir = it.runtime.it.nextRegular(near: it.node)
    queueRemote()
    moveTimers(to: heir)
    it.queue.lock.lock()
    while let level = it.queue.firstLevel, let process = it.queue.dequeue(level, slice: 0) {
      heir.it.remote.push(process)
    }
    showUrgentWork()
    it.queue.lock.unlock()
    stopSearching(found: false)
    notify()
    it.runtime.it.idle.awake.sleep()
    it.runtime.it.monitor.retired.insert(it.index)
    it.runtime.it.idleness.mayHaveCome(it.runtime)
    awaitCall()
    return true
  }

  /// Sleeps until the monitor takes it out of those that have retired, or the runtime ends.
  func awaitCall() {
    while true {
      let seen = it.alarm.seen
      guard it.runtime.it.monitor.retired.contains(it.index), !it.runtime.it.stopping.load(ordering: .relaxed) else {
        return
      }
      it.runtime.it.platform.wait(on: it.alarm, while: seen, until: nil)
    }
  }
}
