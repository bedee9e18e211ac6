// SPDX-License-Identifier: Apache-2.0
//
// The numbers of Perfetto's fields that the writer uses, by message, as Perfetto's public definitions have them.

/// Perfetto's field numbers and constants.
enum PerfettoFields {
  static let tracePacket: UInt64 = 1

  enum Packet {
    static let clockSnapshot: UInt64 = 6
    static let timestamp: UInt64 = 8
    static let sequenceId: UInt64 = 10
    static let trackEvent: UInt64 = 11
    static let internedData: UInt64 = 12
    static let sequenceFlags: UInt64 = 13
    static let defaults: UInt64 = 59
    static let trackDescriptor: UInt64 = 60
    static let isFirstOnSequence: UInt64 = 87
  }

  enum Event {
    static let categoryNumber: UInt64 = 3
    static let annotation: UInt64 = 4
    static let type: UInt64 = 9
    static let nameNumber: UInt64 = 10
    static let track: UInt64 = 11
    static let counterValue: UInt64 = 30
    static let flow: UInt64 = 47
    static let endedFlow: UInt64 = 48
  }

  /// The types of events.
  enum EventType {
    static let sliceBegin: UInt64 = 1
    static let sliceEnd: UInt64 = 2
    static let instant: UInt64 = 3
    static let counter: UInt64 = 4
  }

  enum Track {
    static let identity: UInt64 = 1
    static let name: UInt64 = 2
    static let process: UInt64 = 3
    static let thread: UInt64 = 4
    static let parent: UInt64 = 5
    static let counter: UInt64 = 8
    static let childOrder: UInt64 = 11
    static let mergeBehavior: UInt64 = 15
    /// The value of `childOrder` that puts children in the order of their first events.
    static let chronological: UInt64 = 2
    /// The value of `mergeBehavior` that keeps a track apart from others of the same name.
    static let neverMerged: UInt64 = 2
  }

  enum Process {
    static let pid: UInt64 = 1
    static let name: UInt64 = 6
  }

  enum Thread {
    static let pid: UInt64 = 1
    static let tid: UInt64 = 2
    static let name: UInt64 = 5
  }

  enum Interned {
    static let categories: UInt64 = 1
    static let names: UInt64 = 2
    static let annotationNames: UInt64 = 3
    /// The fields of each entry.
    static let number: UInt64 = 1
    static let text: UInt64 = 2
  }

  enum Annotation {
    static let nameNumber: UInt64 = 1
    static let integer: UInt64 = 4
  }

  /// The numbers under which the writer interns the names of annotations.
  enum AnnotationName {
    static let reductions: UInt64 = 1
    static let value: UInt64 = 2
    static let all = [(reductions, "reductions"), (value, "value")]
  }

  enum Clock {
    static let clocks: UInt64 = 1
    static let primary: UInt64 = 2
    static let identity: UInt64 = 1
    static let timestamp: UInt64 = 2
    /// The field of the defaults that names the clock of all timestamps.
    static let ofTimestamps: UInt64 = 58
    /// The system's monotonic clock, which is the runtime's clock.
    static let monotonic: UInt64 = 3
  }

  /// The flags that a packet of a sequence has: its interned strings begin anew, and it needs earlier ones.
  enum SequenceFlags {
    static let cleared: UInt64 = 1
    static let needed: UInt64 = 2
  }
}
