// SPDX-License-Identifier: Apache-2.0
//
// The histograms of one scheduler. What happens at each message or slice is sampled, about one in sixteen.

/// The histograms of one scheduler, which its own thread counts in and any thread reads.
struct SchedulerHistograms: ~Copyable {
  /// The time from ready to running by the level of the queue, `max` first, in ticks.
  let runDelay = Handle<ValueHistogram>.allocate(count: Priority.allCases.count) { ValueHistogram() }
  /// The length of slices in ticks.
  let sliceLength = ValueHistogram()
  /// The time from send to receive in ticks.
  let messageLatency = ValueHistogram()
  /// The number of unreceived messages when one is received.
  let mailboxLength = ValueHistogram()
  /// The time from leaving one process to running the next, and the time of a spawn, in ticks.
  let switchTime = ValueHistogram()
  let creationTime = ValueHistogram()

  deinit { runDelay.free(count: Priority.allCases.count) }
}

extension Handle<Scheduler> {
  /// Counts the time that a process was ready, if it is about to run and is one of those that are sampled.
  ///
  /// Called for the first process after each reading of the clock, and for those that the scheduler's own loop takes.
  @inline(__always)
  func sampleRunDelay(_ process: ProcessHandle) {
    let units = process.it.usage.runDelay(now: it.lastUnits)
    let histogram = it.histograms.runDelay.advanced(by: Int(process.it.level.rawValue))
    histogram.it.add(UInt64(units) &<< UInt64(ProcessUsage.queuedUnitShift))
  }
}
