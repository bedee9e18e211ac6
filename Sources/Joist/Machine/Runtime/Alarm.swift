// SPDX-License-Identifier: Apache-2.0
//
// Alarms: figures of a runtime that have passed a threshold, as a program is told of them.

/// A figure that has passed its threshold, or has come back below it.
public struct Alarm: Sendable {
  /// What the figure is.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The milliseconds that a process has run without a suspension point.
    case longSlice
    /// The milliseconds that a scheduler has been stuck in one process.
    case stuckScheduler
    /// The number of unreceived messages of a process.
    case longMailbox
    /// The percentage by which the program's memory has grown in the last ten seconds.
    case growingMemory
    /// The milliseconds that a closure of `blocking` has run.
    case longBlocking
    /// The number of restarts by supervisors in the last five seconds.
    case restartStorm
    /// The number of contained crashes in the last minute.
    case trapRate
    /// The percentage of the spare schedulers that stand in for stuck ones.
    case sparesUsed
    /// The percentage of the threads for `blocking` that run closures.
    case blockingThreadsUsed
    /// The number of signals that another handler has taken over: crashes that raise them are not contained.
    case lostHandlers
  }

  /// What the figure is.
  public let kind: Kind
  /// Whether the figure has passed its threshold; false when it has come back.
  public let isRaised: Bool
  /// The figure, and the threshold that it has passed.
  public let value, threshold: Int
  /// The process that the alarm is about; nil if it is about the runtime.
  public let process: ProcessID?
  /// The registered name of the process, if it has one.
  public let name: String?
  /// The number of alarms of this kind that were over before they could be reported, since the last one.
  public let suppressed: Int
  /// The last events of the process in the flight recorder, oldest first; those of all processes if the alarm is about
  /// none.
  public let events: [RecorderEvent]
}

extension Alarm: CustomStringConvertible {
  /// The alarm in one line.
  public var description: String {
    let subject = process.map { " of \(name.map { "\($0) " } ?? "")\($0)" } ?? ""
    let change = isRaised ? "at least" : "below"
    return "alarm \(kind.rawValue)\(subject): \(value), \(change) \(threshold)"
  }
}

/// When a figure raises an alarm, and when it is over.
public struct AlarmThreshold: Sendable, Hashable {
  /// The figure at which the alarm is raised.
  public var raisesAt: Int
  /// The figure below which it is over.
  public var endsBelow: Int

  /// Makes a threshold.
  ///
  /// - Parameters:
  ///   - raisesAt: The figure at which the alarm is raised.
  ///   - endsBelow: The figure below which it is over, from 1; a value above `raisesAt` counts as that.
  public init(raisesAt: Int, endsBelow: Int) {
    self.raisesAt = max(1, raisesAt)
    self.endsBelow = max(1, min(endsBelow, self.raisesAt))
  }
}

/// The thresholds of a runtime's alarms.
///
/// The watchdog looks ten times a second while processes run, and about once a second while only closures of `blocking`
/// do. It looks at 4,096 processes each time, so the mailboxes of a million are looked at every 25 seconds. An alarm is
/// reported as ``Report/Event/alarm(_:)``.
public struct AlarmThresholds: Sendable, Hashable {
  /// The threshold of each kind; a kind without one raises no alarm.
  public var thresholds: [Alarm.Kind: AlarmThreshold]
  /// The shortest time between two alarms of the same kind about the same process.
  ///
  /// If the figure rises again earlier, the alarm is reported after this time if the figure is still high, and is
  /// counted in the next one otherwise. The end of an alarm is reported at once, if its beginning was.
  public var minimumInterval: Duration

  /// Makes thresholds.
  ///
  /// - Parameters:
  ///   - thresholds: The threshold of each kind.
  ///   - minimumInterval: The shortest time between two alarms of the same kind about the same process.
  public init(
    _ thresholds: [Alarm.Kind: AlarmThreshold] = AlarmThresholds.usual,
    minimumInterval: Duration = .seconds(10)
  ) {
    self.thresholds = thresholds
    self.minimumInterval = minimumInterval
  }

  /// No alarms.
  public static var none: AlarmThresholds { AlarmThresholds([:]) }

  /// The thresholds of a runtime that is given no others.
  public static var usual: [Alarm.Kind: AlarmThreshold] {
    [
      .longSlice: AlarmThreshold(raisesAt: 50, endsBelow: 50),
      .stuckScheduler: AlarmThreshold(raisesAt: 1_000, endsBelow: 1_000),
      .longMailbox: AlarmThreshold(raisesAt: 10_000, endsBelow: 1_000),
      .growingMemory: AlarmThreshold(raisesAt: 300, endsBelow: 50),
      .longBlocking: AlarmThreshold(raisesAt: 60_000, endsBelow: 60_000),
      .restartStorm: AlarmThreshold(raisesAt: 30, endsBelow: 3),
      .trapRate: AlarmThreshold(raisesAt: 100, endsBelow: 10),
      .sparesUsed: AlarmThreshold(raisesAt: 75, endsBelow: 50),
      .blockingThreadsUsed: AlarmThreshold(raisesAt: 90, endsBelow: 50),
      .lostHandlers: AlarmThreshold(raisesAt: 1, endsBelow: 1),
    ]
  }
}
