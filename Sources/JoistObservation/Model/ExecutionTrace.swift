// SPDX-License-Identifier: Apache-2.0
//
// A trace of what processes and schedulers did, ready to be written in any format. Tracks, names and categories are
// numbers into tables, so that a trace of a million events is a few flat arrays.

/// What processes and schedulers did in a stretch of time.
public struct ExecutionTrace: Sendable {
  /// A line of the picture: a scheduler or a process.
  public struct Track: Sendable, Hashable {
    /// What a track is of.
    public enum Kind: Sendable, Hashable { case scheduler, process }
    /// Whether it is the track of a scheduler or of a process.
    public var kind: Kind
    /// A number that no other track of the same kind has: the scheduler's index, or the process's identity as a number.
    public var number: UInt64
    /// The name; nil if there is none.
    public var name: String

    /// Makes the value of its parts, each of which means what the property of its name means.
    public init(kind: Kind, number: UInt64, name: String) {
      self.kind = kind
      self.number = number
      self.name = name
    }
  }

  /// A stretch of time on a track; slices of one track do not overlap.
  public struct Slice: Sendable, Hashable {
    /// The index in `tracks`, and the indices of name and category in `strings`.
    public var track, name, category: Int32
    public var start, end: Int64
    /// The reductions that a running process used in it; -1 if that is not known.
    public var reductions: Int32

    /// Makes the value of its parts, each of which means what the property of its name means.
    public init(track: Int32, name: Int32, category: Int32, start: Int64, end: Int64, reductions: Int32 = -1) {
      self.track = track
      self.name = name
      self.category = category
      self.start = start
      self.end = end
      self.reductions = reductions
    }
  }

  /// A moment on a track.
  public struct Instant: Sendable, Hashable {
    public var track, name, category: Int32
    /// The time in nanoseconds.
    public var time: Int64
    /// The value that a mark carries, or the number of what the event names; nil if there is none.
    public var value: Int64?

    /// Makes the value of its parts, each of which means what the property of its name means.
    public init(track: Int32, name: Int32, category: Int32, time: Int64, value: Int64? = nil) {
      self.track = track
      self.name = name
      self.category = category
      self.time = time
      self.value = value
    }
  }

  /// An arrow from a moment on one track to a moment on another: from send to receive, from call to reply, or from a
  /// wake to the run that it caused.
  public struct Flow: Sendable, Hashable {
    /// The name; nil if there is none.
    public var name: Int32
    public var from, to: Int32
    public var start, end: Int64

    /// Makes the value of its parts, each of which means what the property of its name means.
    public init(name: Int32, from: Int32, to: Int32, start: Int64, end: Int64) {
      self.name = name
      self.from = from
      self.to = to
      self.start = start
      self.end = end
    }
  }

  /// A stretch of time in which a process had a trace token.
  package struct TokenSpan: Sendable, Hashable {
    /// The index of the process in `tracks`.
    package var track: Int32
    /// The token's number.
    package var token: UInt64
    package var start, end: Int64
  }

  /// A value that a track has from a moment on, such as the length of a run queue.
  public struct CounterValue: Sendable, Hashable {
    public var track, name: Int32
    /// The time in nanoseconds.
    public var time: Int64
    /// The value from that time on.
    public var value: Int64

    /// Makes the value of its parts, each of which means what the property of its name means.
    public init(track: Int32, name: Int32, time: Int64, value: Int64) {
      self.track = track
      self.name = name
      self.time = time
      self.value = value
    }
  }

  /// The name of the program.
  public var programName: String
  /// The number of the program.
  public var pid: Int32
  /// The names and categories that the events refer to.
  public var strings: [String] = []
  /// The tracks, to which events refer by their indices.
  public var tracks: [Track] = []
  /// The events, each array in order of time; times are nanoseconds on the runtime's clock.
  public var slices: [Slice] = []
  /// The moments, in order of time.
  public var instants: [Instant] = []
  /// The arrows, in the order in which they begin.
  public var flows: [Flow] = []
  /// The values of counters.
  public var counters: [CounterValue] = []
  /// Which processes had which trace tokens.
  package var tokenSpans: [TokenSpan] = []

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(programName: String, pid: Int32) {
    self.programName = programName
    self.pid = pid
  }

  /// The number of events of all kinds.
  public var eventCount: Int { slices.count + instants.count + flows.count + counters.count }
}
