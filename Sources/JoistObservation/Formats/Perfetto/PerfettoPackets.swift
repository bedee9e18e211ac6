// SPDX-License-Identifier: Apache-2.0
//
// The packets that a Perfetto file consists of: first the clock and the interned strings, then tracks and events. All
// belong to one sequence.

extension FormatBuffer {
  private typealias Fields = PerfettoFields

  /// The number of the file's only sequence; it must not be zero.
  private static let sequence: UInt64 = 1

  /// Appends the packets that all later ones need: the clock, the names of annotations, and the defaults.
  mutating func appendFirstPackets(startTime: Int64) {
    append(field: Fields.tracePacket) { packet in
      packet.append(field: Fields.Packet.clockSnapshot) { snapshot in
        snapshot.append(field: Fields.Clock.clocks) { clock in
          clock.append(field: Fields.Clock.identity, Fields.Clock.monotonic)
          clock.append(field: Fields.Clock.timestamp, UInt64(clamping: startTime))
        }
        snapshot.append(field: Fields.Clock.primary, Fields.Clock.monotonic)
      }
      packet.append(field: Fields.Packet.sequenceId, Self.sequence)
      packet.append(field: Fields.Packet.sequenceFlags, Fields.SequenceFlags.cleared | Fields.SequenceFlags.needed)
      packet.append(field: Fields.Packet.defaults) { defaults in
        defaults.append(field: Fields.Clock.ofTimestamps, Fields.Clock.monotonic)
      }
      packet.append(field: Fields.Packet.isFirstOnSequence, 1)
    }
    appendInterned { data in
      for (number, name) in Fields.AnnotationName.all {
        data.append(entry: Fields.Interned.annotationNames, name, number: number)
      }
    }
  }

  /// Appends a packet with a string that events can refer to by `number`, both as a name and as a category.
  mutating func append(interned text: String, number: UInt64) {
    appendInterned { data in
      data.append(entry: Fields.Interned.categories, text, number: number)
      data.append(entry: Fields.Interned.names, text, number: number)
    }
  }

  private mutating func appendInterned(_ body: (inout FormatBuffer) -> Void) {
    append(field: Fields.tracePacket) { packet in
      packet.append(field: Fields.Packet.sequenceId, Self.sequence)
      packet.append(field: Fields.Packet.internedData, message: body)
      packet.append(field: Fields.Packet.sequenceFlags, Fields.SequenceFlags.needed)
    }
  }

  private mutating func append(entry field: UInt64, _ text: String, number: UInt64) {
    append(field: field) { entry in
      entry.append(field: Fields.Interned.number, number)
      entry.append(field: Fields.Interned.text, text: text)
    }
  }

  /// Appends a packet that describes a track.
  mutating func appendTrack(_ body: (inout FormatBuffer) -> Void) {
    append(field: Fields.tracePacket) { packet in
      packet.append(field: Fields.Packet.sequenceId, Self.sequence)
      packet.append(field: Fields.Packet.trackDescriptor, message: body)
    }
  }

  /// Appends a packet with an event of the track with that identity; `body` appends what the event has beyond its type.
  @inline(__always)
  mutating func appendEvent(_ time: Int64, _ type: UInt64, track: UInt64, _ body: (inout FormatBuffer) -> Void) {
    append(field: Fields.tracePacket) { packet in
      packet.append(field: Fields.Packet.timestamp, UInt64(clamping: time))
      packet.append(field: Fields.Packet.sequenceId, Self.sequence)
      packet.append(field: Fields.Packet.trackEvent) { event in
        event.append(field: Fields.Event.type, type)
        event.append(field: Fields.Event.track, track)
        body(&event)
      }
      packet.append(field: Fields.Packet.sequenceFlags, Fields.SequenceFlags.needed)
    }
  }

  /// Appends a named number to an event.
  mutating func append(annotation name: UInt64, _ value: Int64) {
    append(field: Fields.Event.annotation) { annotation in
      annotation.append(field: Fields.Annotation.nameNumber, name)
      annotation.append(field: Fields.Annotation.integer, signed: value)
    }
  }

  /// Appends the end of an arrow to an event.
  mutating func append(_ point: FlowPoints.Point, _ tracks: PerfettoTracks) {
    append(field: point.isEnd ? Fields.Event.endedFlow : Fields.Event.flow, word: tracks.flow(point.flow))
  }
}
