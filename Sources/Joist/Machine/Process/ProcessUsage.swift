// SPDX-License-Identifier: Apache-2.0
//
// What a process has used and done so far: the fourth cache line of its record. The thread that has the process counts,
// and any thread reads. None of it reads a clock: a slice's time is the number of its reductions times what a reduction
// has lately cost on its scheduler (`ReductionPrice`), and the time in a run queue is taken from readings that the
// schedulers made for other purposes.

import Synchronization

/// The statistics of one process.
struct ProcessUsage: ~Copyable {
  /// The processor time in ticks of the cheap clock, and the time spent ready in run queues, in `units`.
  let cpu = Counter()
  let queued = Counter()
  /// Slices begun, messages received and sent, and waits for any reason.
  let slices = Counter()
  let received = Counter()
  let sent = Counter()
  let waits = Counter()
  /// The bits of the identity of the process that spawned it; zero if a thread did, and `ended` from the end of a
  /// process until the record has its next one.
  // Ordering: releasing, after all else was set to zero: an observer that sees a process here reads no number of an
  // earlier one. The end stores it before the new generation. It is zero in a record that never had a process (R10), as
  // all else is.
  let parent = Atomic<UInt64>(0)
  /// The largest number of unreceived messages that it has found when it took its mail in.
  // Ordering: relaxed, statistics.
  let longestMailbox = Atomic<UInt32>(0)
  /// The time from which its time in a run queue counts, in `units`; for the thread that has the process.
  ///
  /// That is when it became ready, or when it last ran, whichever is later. Where schedulers steal, the one that queues
  /// the process has an earlier reading of the clock than the one that ran it last, and an interval would count twice.
  var readySince: UInt32 = 0

  /// The binary logarithm of the number of ticks in a unit: about a tenth of a microsecond.
  @inline(__always) static var queuedUnitShift: Int { 8 }

  /// Returns a reading of the cheap clock in units that fit 32 bits for some minutes.
  @inline(__always)
  static func units(_ count: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: count &>> UInt64(queuedUnitShift)) }

  /// Notes that the process became ready.
  ///
  /// `readySince` is kept if it is later by less than a second or two. Something else is not later: the process has
  /// waited for more than half the range of `units`.
  @inline(__always)
  mutating func noteReady(at units: UInt32) {
    if readySince != units && readySince &- units > Self.latestReading { readySince = units }
  }

  /// Adds the time since the process became ready to the time that it has spent so; it runs from now on.
  ///
  /// In most slices the scheduler has not read the clock since, and there is nothing to add.
  @inline(__always)
  mutating func noteRunDelay(now units: UInt32) {
    guard readySince != units else { return }
    queued.add(runDelay(now: units))
    noteReady(at: units)
  }

  /// The largest difference between two schedulers' readings of the clock, in `units`.
  ///
  /// A scheduler's reading is old when the system has not run its thread: on a busy machine for tenths of a second.
  @inline(__always) private static var latestReading: UInt32 { 1 << 24 }

  /// Returns the time since the process became ready, in `units`.
  ///
  /// Zero if a thread with a later reading of the clock has made it ready.
  @inline(__always)
  func runDelay(now units: UInt32) -> Int { Int(max(0, Int32(bitPattern: units &- readySince))) }

  /// Sets everything to zero for a new process.
  @inline(__always)
  func reset(parent: UInt64) {
    cpu.reset()
    queued.reset()
    slices.reset()
    received.reset()
    sent.reset()
    waits.reset()
    longestMailbox.store(0, ordering: .relaxed)
    self.parent.store(parent, ordering: .releasing)
  }

  /// Notes that the process has ended.
  @inline(__always)
  func end() { parent.store(Self.ended, ordering: .relaxed) }

  private static var ended: UInt64 { .max }

  /// The bits of the identity of the parent, for an observer that has read the generation; nil if the process of that
  /// generation has not begun.
  // Ordering: as above; what the observer reads afterwards is of that process, or of a later one.
  var parentIfBegun: UInt64? {
    let bits = parent.load(ordering: .acquiring)
    return bits == Self.ended ? nil : bits
  }

  /// Notes the number of unreceived messages that the process has found.
  @inline(__always)
  func noteMailbox(_ count: UInt32) {
    if count > longestMailbox.load(ordering: .relaxed) { longestMailbox.store(count, ordering: .relaxed) }
  }
}
