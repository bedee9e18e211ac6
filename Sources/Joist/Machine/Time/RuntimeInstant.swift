// SPDX-License-Identifier: Apache-2.0
//
// The clock of a runtime as programs read it: that of its timers, which a simulation advances.

/// A time on the clock by which a runtime's timers and timeouts pass.
///
/// The clock stops while the machine sleeps. In a simulation it shows the simulated time.
public struct RuntimeInstant: InstantProtocol {
  /// The time since an arbitrary beginning, the same for all runtimes of the program that are not simulated.
  private let nanoseconds: Int64

  init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Returns the time that lies a duration later, or earlier if that is negative.
  public func advanced(by duration: Duration) -> RuntimeInstant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.clampedNanoseconds)
    return RuntimeInstant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
  }

  /// Returns the time from this one to another.
  public func duration(to other: RuntimeInstant) -> Duration {
    .nanoseconds(other.nanoseconds) - .nanoseconds(nanoseconds)
  }

  /// Returns whether a time is before another.
  public static func < (a: RuntimeInstant, b: RuntimeInstant) -> Bool { a.nanoseconds < b.nanoseconds }
}

extension RuntimeInstant {
  /// Returns the time that lies a duration later.
  public static func + (instant: Self, duration: Duration) -> Self { instant.advanced(by: duration) }
  /// Returns the time that lies a duration earlier.
  public static func - (instant: Self, duration: Duration) -> Self { instant.advanced(by: .zero - duration) }
  /// Returns the time from the second instant to the first.
  public static func - (later: Self, earlier: Self) -> Duration { earlier.duration(to: later) }
}

extension ProcessRuntime {
  /// The present time on the runtime's clock; reading it takes about 30 nanoseconds.
  public var now: RuntimeInstant { RuntimeInstant(nanoseconds: core.now) }
}

extension ProcessContext where Message: ~Copyable {
  /// The present time on the runtime's clock; reading it takes about 30 nanoseconds.
  public var now: RuntimeInstant { RuntimeInstant(nanoseconds: core.now) }
}
