// SPDX-License-Identifier: Apache-2.0
//
// The watchdog: a thread that checks every two milliseconds whether the schedulers make progress.
//
// A scheduler is stuck when it has been in one slice for five milliseconds: in a loop without a suspension point, a
// slow library, or a system call that blocks (X7 tells these from a busy machine). The watchdog takes nothing from it.
// It marks the scheduler, so that the others serve its wheel, and starts or wakes a spare scheduler, which steals as
// thieves always may. If the system provides no thread for a new spare scheduler, the watchdog reports that, leaves the
// spare scheduler among the retired ones, and tries nothing for a second. A stuck scheduler for which no spare one was
// left gets one as soon as there is one.
//
// When a scheduler returns from a slice in which it was found stuck, it says so, and a spare one retires: it gives its
// queue and its timers to a regular scheduler and sleeps until it is needed again.
//
// A watchdog that woke late itself skips the round, because everything was late.
//
// When no spare scheduler is left, that is reported, once until one is available again. The last spare one handles the
// report, unless it is stuck as well. A runtime that has no spare schedulers reports when every scheduler is stuck.
//
// X7. Where other programs use the processors, too, a thread may be in one slice for long because the system does not
//     run it. The system would not run a spare scheduler's thread either, and that would take work away. So the
//     watchdog asks what the thread did. If it was on a processor for three of the five milliseconds, by its own clock,
//     it is stuck, and so is a thread that waits in the system. A thread that is runnable and was not run is not stuck.
//     If the platform cannot tell, the five milliseconds decide.

import CJoist
import Synchronization

/// The watchdog's state in a runtime.
struct Watchdog: ~Copyable {
  /// The word that it sleeps on while no process runs.
  private let alarm = WaitWord()
  // Ordering: sequentially consistent; `AwakeCount` has the argument.
  private let isResting = Atomic<Bool>(false)
  /// The number of stuck schedulers, in the upper half, and of active spare schedulers, in the lower half.
  // Ordering: relaxed, because nothing else is concluded from it: a thread that has to act is woken by an alarm or
  // newly started. Both counts are in one word. A spare scheduler that retires subtracts itself by a compare-exchange,
  // which succeeds only if neither count has changed.
  private let counts = Atomic<UInt64>(0)
  /// The spare schedulers that have retired.
  let retired = SchedulerSet()

  /// The number of stuck schedulers.
  var stuckCount: UInt64 { counts.load(ordering: .relaxed) >> 32 }

  func countOneStuck() { counts.wrappingAdd(1 << 32, ordering: .relaxed) }
  func countOneBack() { counts.wrappingSubtract(1 << 32, ordering: .relaxed) }
  func countOneStandingIn() { counts.wrappingAdd(1, ordering: .relaxed) }

  /// Whether fewer spare schedulers are active than schedulers are stuck.
  var lacksSpare: Bool {
    let present = counts.load(ordering: .relaxed)
    return present & 0xffff_ffff < present >> 32
  }

  /// Counts one spare scheduler as retired if there are more of them than stuck schedulers.
  ///
  /// Returns true for the scheduler that is to retire.
  func mayRetire() -> Bool {
    let present = counts.load(ordering: .relaxed)
    guard present & 0xffff_ffff > present >> 32 else { return false }
    return counts.compareExchange(expected: present, desired: present - 1, ordering: .relaxed).exchanged
  }

  /// Wakes the watchdog if it rests; called after a scheduler was counted as awake.
  // Ordering: `AwakeCount` has the argument, here and in `watch`.
  @inline(__always)
  func schedulersWoke(_ platform: any Platform) {
    if isResting.load(ordering: .sequentiallyConsistent) { alarm.ring(platform) }
  }

  /// Wakes the watchdog because the runtime has stopped or is to stop (J5).
  func stop(_ platform: any Platform) { alarm.ring(platform) }

  /// Makes rounds until the runtime stops: the body of the watchdog's thread.
  // Ordering: `stopping` is read before the alarm, and so perhaps too early. But `isRefusing` was stored before, and an
  // alarm that was read as it is after `stop` shows that: then the watchdog does not rest.
  func watch(_ core: Handle<RuntimeCore>) {
    let platform = core.it.platform
    var quiet = 0
    var round = 0
    while !core.it.stopping.load(ordering: .relaxed) {
      let seen = alarm.seen
      if core.it.idle.awake.isZero && core.it.deadlocks.isEmpty { quiet += 1 } else { quiet = 0 }
      if quiet < Limits.watchdogIdleRounds {
        platform.wait(on: alarm, while: seen, until: platform.now() + Limits.watchdogInterval)
        // A round allocates if it has something to report, and a failed allocation would end the program.
        if joist_has_memory(Limits.watchdogRoundBytes) {
          core.it.watchdogRounds.look(core, now: platform.now())
          core.it.deadlocks.look(core, now: platform.now())
          core.lookAtAlarms(now: platform.now())
          round += 1
          if round % Limits.memoryLookRounds == 0 { core.lookAtMemory() }
          if round % Limits.handlerLookRounds == 0 { core.lookAtHandlers() }
        }
        if let order = core.it.shutdown.takeOrder(), core.carryOut(order) { return }
      } else {
        // What is below its threshold now would be reported after the rest only.
        if joist_has_memory(Limits.watchdogRoundBytes) { core.lookAtAlarms(now: platform.now(), isLast: true) }
        isResting.store(true, ordering: .sequentiallyConsistent)
        // A process that noted a circle was awake then (ID2).
        if core.it.idle.awake.isZero && core.it.deadlocks.isEmpty && !core.it.shutdown.isRefusing
          && !core.it.shutdown.isOrdered
        {
          // A closure of `blocking` that hangs raises an alarm although nothing runs.
          let isBlocking = core.it.blocking.inProgress > 0
          platform.wait(on: alarm, while: seen, until: isBlocking ? platform.now() + Limits.watchdogNap : nil)
        }
        isResting.store(false, ordering: .sequentiallyConsistent)
        quiet = 0
        core.it.watchdogRounds.forget()
      }
    }
  }
}

/// A process that has run for longer than a round of the watchdog.
struct LongSlice {
  let process: ProcessID
  let nanoseconds: Int64
  /// Whether its scheduler is stuck.
  let isStuck: Bool
}

/// What the watchdog remembers between rounds.
package struct WatchdogRounds {
  private var lastRound: Int64?
  /// A slice in which a scheduler was seen.
  private struct SeenSlice {
    let slice: UInt32
    /// When it was seen there first.
    let first: Int64
    /// The same, but no earlier than the last round that was late.
    var since: Int64
    /// How much processor time its thread had used when it was seen there again (X7).
    var busy: Int64?

    init(_ slice: UInt32, _ now: Int64) { (self.slice, first, since) = (slice, now, now) }
  }

  /// The last slice of each scheduler.
  private var slices: [SeenSlice] = []

  /// Whether it was reported that no spare scheduler is left.
  private var hasReported = false
  /// The time before which no spare scheduler is requested, because the system provided no thread.
  private var pausesUntil = Int64.min

  /// Makes an empty memory with capacity for the given number of schedulers.
  package init(schedulers: Int = 0) { slices.reserveCapacity(schedulers) }

  /// Forgets everything, but keeps its capacity.
  fileprivate mutating func forget() {
    slices.removeAll(keepingCapacity: true)
    (lastRound, hasReported, pausesUntil) = (nil, false, .min)
  }

  /// Takes no scheduler for stuck because of the time before a round that was late.
  private mutating func beginAgain(_ now: Int64) {
    for number in slices.indices { (slices[number].since, slices[number].busy) = (now, nil) }
  }

  /// Makes one round.
  // Ordering: relaxed, guesses: five milliseconds are long.
  package mutating func look(_ core: Handle<RuntimeCore>, now: Int64) {
    defer { lastRound = now }
    if let lastRound, now - lastRound > Limits.watchdogDelayLimit { return beginAgain(now) }
    var stuck = 0
    for number in 0..<core.it.schedulerCount {
      let scheduler = core.it.scheduler(number)
      let slice = scheduler.sliceCount
      scheduler.noteRunning(isLong: number < slices.count && slices[number].slice == slice, now - (lastRound ?? now))
      if number == slices.count { slices.append(SeenSlice(slice, now)) }
      if slices[number].slice != slice || !scheduler.it.isInProcess.load(ordering: .relaxed) {
        slices[number] = SeenSlice(slice, now)
      } else if now > slices[number].since, !scheduler.it.isStuck.load(ordering: .relaxed),
        isStuck(scheduler, &slices[number], now)
      {
        scheduler.markStuck()
        stuck += 1
        callSpare(near: scheduler, now)
      } else if scheduler.it.isStuck.load(ordering: .relaxed) {
        stuck += 1
        if core.it.watchdog.lacksSpare { callSpare(near: scheduler, now) }
      }
    }
    reportIfUsedUp(core, stuck: stuck)
  }

  /// The processes that have run since the last round or longer, for how long, and whether their schedulers are stuck.
  func longSlices(_ core: Handle<RuntimeCore>, now: Int64) -> [LongSlice] {
    slices.indices.compactMap { number in
      let scheduler = core.it.scheduler(number)
      guard scheduler.it.isInProcess.load(ordering: .relaxed), slices[number].slice == scheduler.sliceCount,
        now > slices[number].first, let process = scheduler.it.ring.running
      else { return nil }
      let isStuck = scheduler.it.isStuck.load(ordering: .relaxed)
      return LongSlice(process: process, nanoseconds: now - slices[number].first, isStuck: isStuck)
    }
  }

  /// Has a spare scheduler stand in for a stuck one.
  ///
  /// If there is none, it wakes a sleeping scheduler, which did not consider the stuck one's timers when it chose how
  /// long to sleep.
  ///
  /// After the system provided no thread for a spare scheduler, none is requested for a while.
  private mutating func callSpare(near scheduler: Handle<Scheduler>, _ now: Int64) {
    let core = scheduler.it.runtime
    do {
      if now >= pausesUntil, try core.callSpare(near: scheduler.it.node) { return }
    } catch {
      pausesUntil = now + Limits.threadPause
      core.it.reports.add(core, about: ProcessID(bits: 0)) { .resourceMissing(error) }
    }
    core.notify(near: scheduler.it.node)
  }

  /// Reports once that no spare scheduler is left.
  private mutating func reportIfUsedUp(_ core: Handle<RuntimeCore>, stuck: Int) {
    let maxSpares = core.it.configuration.spareSchedulers
    let isUsedUp = core.sparesUsed >= maxSpares && stuck > 0 && (maxSpares > 0 || stuck == core.it.schedulerCount)
    defer { hasReported = isUsedUp }
    guard isUsedUp, !hasReported else { return }
    core.it.reports.add(core, about: ProcessID(bits: 0)) { .schedulersUsedUp(stuck: stuck, spares: maxSpares) }
  }

  /// Returns whether a scheduler that was seen in this slice before is stuck in it (X7).
  private func isStuck(
    _ scheduler: Handle<Scheduler>,
    _ seen: inout SeenSlice,
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
  /// Checks whether crashes are still contained, and registers modules that were loaded since.
  fileprivate func lookAtHandlers() {
    guard it.configuration.onTrap == .contain else { return }
    joist_faults_look()
    let lost = joist_faults_lost()
    if lost != 0 { it.reports.crashesNotContained(self, signals: lost) }
  }

  /// The number of spare schedulers that stand in for stuck ones.
  var sparesUsed: Int { max(0, it.schedulerCount - it.regularCount - it.watchdog.retired.approximateCount) }

  /// Has a spare scheduler stand in for a stuck one; returns false if none is left.
  // Ordering: the alarm makes the spare scheduler see which scheduler is stuck.
  fileprivate func callSpare(near node: Int) throws(ResourceError) -> Bool {
    guard let spare = try takeSpare(near: node) else { return false }
    it.watchdog.countOneStandingIn()
    it.counters.spareStarts.add()
    it.idle.awake.wake()
    it.watchdog.retired.remove(spare.it.index)
    spare.it.alarm.ring(it.platform)
    return true
  }

  /// Returns a retired spare scheduler, which stays among the retired until it is called, or a new one if allowed.
  ///
  /// Counts nothing yet, because there may be no thread for it.
  private func takeSpare(near node: Int) throws(ResourceError) -> Handle<Scheduler>? {
    var spare = it.watchdog.retired.lowest().map { it.scheduler($0) }
    if spare == nil && it.schedulerCount - it.regularCount < it.configuration.spareSchedulers {
      let made = makeScheduler(isSpare: true, onNode: node)
      it.watchdog.retired.insert(made.it.index)
      spare = made
    }
    if let spare, !spare.it.hasThread { try startThread(of: spare) }
    return spare
  }

  /// Counts a stuck scheduler as back after it has left the slice.
  // Ordering: the caller read `isStuck` relaxed. The fence makes visible what `markStuck` did before it stored that,
  // which is undone here.
  @inline(never)
  func schedulerIsBack(_ scheduler: Handle<Scheduler>) {
    ForkedChild.refuse("a process suspended or ended")
    atomicMemoryFence(ordering: .acquiring)
    scheduler.record(.scheduler, payload: RecordedActivity.wasStuck.rawValue)
    scheduler.it.isStuck.store(false, ordering: .relaxed)
    scheduler.allowHandOver()
    it.watchdog.countOneBack()
  }
}

extension Handle<Scheduler> {
  /// Marks a scheduler as stuck, so that others serve its wheel and steal from it at once.
  // Ordering: releasing pairs with the fence in `schedulerIsBack`, because a scheduler that finds itself stuck undoes
  // all of this. Another scheduler that is woken afterwards sees it because of its alarm.
  fileprivate func markStuck() {
    it.runtime.it.watchdog.countOneStuck()
    forbidHandOver()
    it.isStuck.store(true, ordering: .releasing)
  }

  /// Retires a spare scheduler that is not needed, and sleeps until it is needed again; returns false if it is.
  // Ordering: the set and `stopping` are read after the alarm (F2).
  func retireIfNotNeeded() -> Bool {
    guard it.isSpare, it.runtime.it.watchdog.mayRetire() else { return false }
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
    it.runtime.it.watchdog.retired.insert(it.index)
    it.runtime.it.quiescence.mayHaveCome(it.runtime)
    awaitCall()
    return true
  }

  /// Sleeps until the watchdog takes this scheduler out of the retired ones, or the runtime stops.
  func awaitCall() {
    while true {
      let seen = it.alarm.seen
      guard it.runtime.it.watchdog.retired.contains(it.index), !it.runtime.it.stopping.load(ordering: .relaxed) else {
        return
      }
      it.runtime.it.platform.wait(on: it.alarm, while: seen, until: nil)
    }
  }
}
