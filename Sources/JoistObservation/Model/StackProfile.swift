// SPDX-License-Identifier: Apache-2.0
//
// Stacks with counts: what a sampler has seen, or where parked processes are.

/// Stacks and how often, or for how long, each was seen.
public struct StackProfile: Sendable {
  /// What is counted.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// Where processes run; the value is in nanoseconds.
    case cpu
    /// Where processes are parked; the value is the number of processes.
    case processes
    /// Where processes wait; the value is in nanoseconds.
    case wait
  }

  /// One stack.
  public struct Sample: Sendable, Hashable {
    /// Indices in `frames`, innermost frame first.
    public var stack: [Int32]
    /// How often it was seen.
    public var count: Int
    /// What that stands for, in the profile's unit.
    public var value: Int64
    /// What else is known, such as `process` or `state`.
    public var labels: [String: String]

    /// Makes the value of its parts, each of which means what the property of its name means.
    public init(stack: [Int32], count: Int, value: Int64, labels: [String: String] = [:]) {
      self.stack = stack
      self.count = count
      self.value = value
      self.labels = labels
    }
  }

  /// What the samples say.
  public var kind: Kind
  /// The name of the program.
  public var programName: String
  /// How long the sampler ran, and the time between two samples; zero where stacks were counted once.
  public var durationNanoseconds, periodNanoseconds: Int64
  /// The time at which it began, in nanoseconds since 1970.
  public var startNanoseconds: Int64
  /// The frames that the samples refer to.
  public var frames: [StackFrame] = []
  /// The stacks that were seen, each once.
  public var samples: [Sample] = []

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(
    kind: Kind,
    programName: String,
    durationNanoseconds: Int64,
    periodNanoseconds: Int64,
    startNanoseconds: Int64
  ) {
    self.kind = kind
    self.programName = programName
    self.durationNanoseconds = durationNanoseconds
    self.periodNanoseconds = periodNanoseconds
    self.startNanoseconds = startNanoseconds
  }
}
