// SPDX-License-Identifier: Apache-2.0
//
// What is charged and measured when a scheduler reads the cheap clock: the interval since the last reading, and now and
// then one slice, one switch, and one spawn exactly. A slice is measured by giving it a credit of one reduction, so
// that its end comes back here.

import Synchronization

/// What a scheduler measures exactly now.
struct SliceTiming {
  /// Whether the slice that runs is measured, from the last reading of the clock on.
  fileprivate(set) var isOfSlice = false
  /// Whether the next switch from process to process is measured.
  fileprivate(set) var isOfSwitch = false
  /// The number of clock readings since the last slice that was measured.
  fileprivate var readings = 0
  /// When the measured switch began, and how the process left.
  fileprivate var start: UInt64 = 0
  fileprivate var outcome = Outcome.yielded
}

extension Handle<Scheduler> {
  /// Gives the processes that run next the reductions until the next reading; only one, if a slice is to be measured.
  ///
  /// Now and then, as a bit of the clock says, it is those of one short slice more. Otherwise processes that run in
  /// turn would always meet the reading at the same place of their round, and each sample would be of the same one.
  @inline(__always)
  func giveCredit(at count: UInt64) {
    obeyRecorderLevel()
    it.timing.readings += 1
    it.timing.isOfSwitch = false
    it.timing.isOfSlice = it.timing.readings == Limits.readingsBeforeTimedSlice
    if it.timing.isOfSlice { it.timing.readings = 0 }
    let oneMore = Int(truncatingIfNeeded: count &>> 4 & 1) &* Limits.clockReductionsOfASlice
    it.clockCredit = it.timing.isOfSlice ? 1 : Limits.clockReductions &+ oneMore
    it.creditGiven = it.clockCredit
  }

  // Ordering: relaxed, a setting.
  @inline(__always)
  private func obeyRecorderLevel() {
    let recordsMessages = it.runtime.it.recorder.recordsMessages.load(ordering: .relaxed)
    it.noticedMessages = recordsMessages ? 0 : Limits.sampleMask
    if recordsMessages { it.pendingWork.insert(.recordsMessages) } else { it.pendingWork.remove(.recordsMessages) }
  }

  /// Charges for the time since the last reading: to the price of reductions, or to the process that took long.
  @inline(__always)
  func chargeInterval(_ elapsed: UInt64) {
    it.price.note(elapsed, reductions: it.creditGiven &- it.clockCredit, longest: it.longInterval)
    if it.price.excess > 0 { chargeExcess() }
  }

  /// Charges the process that the watchdog saw run here with the time that reductions do not explain.
  // Ordering: relaxed, statistics. A process that another thread has by now may lose the charge, or what that thread
  // counts at the same moment.
  @inline(never)
  private func chargeExcess() {
    let seen = ProcessID(bits: it.seenRunning.exchange(0, ordering: .relaxed))
    guard seen.bits != 0 else { return }
    let excess = it.price.takeExcess()
    it.histograms.sliceLength.add(excess)
    let already = it.chargedAlready.exchange(0, ordering: .relaxed)
    it.runtime.it.table[seen.slot].it.usage.cpu.add(max(0, Int(truncatingIfNeeded: excess) - already))
  }

  /// Ends the slice that is measured, and has the switch that follows measured, too.
  @inline(never)
  func endTimedSlice() {
    let now = it.clock.count
    it.timing.isOfSlice = false
    if now > it.lastClock { it.histograms.sliceLength.add(now &- it.lastClock) }
    it.clockCredit = Limits.clockReductions
    it.creditGiven = it.clockCredit
    it.lastClock = max(now, it.lastClock)
    it.timing.isOfSwitch = true
  }

  /// Begins to measure the switch to the next process, just before it.
  @inline(never)
  func beginTimedSwitch() {
    it.timing.isOfSwitch = false
    it.timing.outcome = it.outcome
    it.outcome = .timed
    it.timing.start = it.clock.count
  }

  /// Ends the measurement of a switch; returns how the process left.
  func endTimedSwitch() -> Outcome {
    let now = it.clock.count
    if now > it.timing.start { it.histograms.switchTime.add(now &- it.timing.start) }
    return it.timing.outcome
  }

  /// The time at which the spawn that begins now is measured from; zero if it is not measured.
  @inline(__always)
  var creationStart: UInt64 {
    it.counters.processesCreated.total & Limits.creationSampleMask == 0 ? it.clock.count : 0
  }

  /// Counts the time of a spawn.
  @inline(never)
  func noteCreation(since start: UInt64) {
    let now = it.clock.count
    if now > start { it.histograms.creationTime.add(now &- start) }
  }
}

extension Handle<Scheduler> {
  /// Notes which process runs here, for `chargeExcess`; called by the watchdog in each round.
  ///
  /// If the slice has lasted since the last round, `nanoseconds` ago, its process is charged with that time at once.
  // Ordering: relaxed, statistics.
  func noteRunning(isLong: Bool, _ nanoseconds: Int64) {
    guard it.isInProcess.load(ordering: .relaxed), let running = it.ring.running else { return }
    it.seenRunning.store(running.bits, ordering: .relaxed)
    guard isLong, nanoseconds > 0 else { return }
    let ticks = Int(it.clock.perSecond / 1_000_000) * Int(nanoseconds) / 1_000
    it.chargedAlready.wrappingAdd(ticks, ordering: .relaxed)
    it.runtime.it.table[running.slot].it.usage.cpu.add(ticks)
  }
}
