// SPDX-License-Identifier: Apache-2.0
//
// Reads a Perfetto trace as a viewer does, independently of the code that writes it.

import JoistObservation
import Testing

/// What a Perfetto file says.
struct PerfettoFile {
  struct Track: Hashable {
    var name: String
    var parent: UInt64?
    /// Whether it must stay apart from others of its name.
    var isApart: Bool
    var pid, tid: UInt64?
  }

  struct Slice: Hashable {
    var track: UInt64
    var name, category: String
    var start, end: UInt64
    var annotations: [String: Int64]
  }

  /// An event that is no slice, or the begin of one.
  struct Event: Hashable {
    var track: UInt64
    var name: String
    var time: UInt64
    var value: Int64?
  }

  private(set) var tracks: [UInt64: Track] = [:]
  private(set) var slices: [Slice] = []
  private(set) var instants: [Event] = []
  private(set) var counters: [Event] = []
  /// The events at which arrows begin and end, by the number of the arrow.
  private(set) var flowStarts: [UInt64: Event] = [:]
  private(set) var flowEnds: [UInt64: Event] = [:]
  private(set) var times: [UInt64] = []
  private var strings: [UInt64: [UInt64: String]] = [:]
  private var open: [UInt64: [Slice]] = [:]

  init(_ bytes: [UInt8]) throws {
    for (index, packet) in try ProtobufMessage(bytes).messages(1).enumerated() {
      #expect(packet.integer(10) == 1, "each packet is of the one sequence")
      if index == 0 { try Self.checkFirst(packet) }
      for (field, value) in try packet.message(12)?.fields ?? [] {
        guard case .bytes(let bytes) = value else { continue }
        let entry = try ProtobufMessage(bytes)
        strings[field, default: [:]][try #require(entry.integer(1))] = entry.text(2)
      }
      if let track = try packet.message(60) { try add(track) }
      if let event = try packet.message(11) { try add(event, at: try #require(packet.integer(8)), packet) }
    }
    #expect(!open.values.contains { !$0.isEmpty }, "each slice has an end")
  }

  /// Expects what the first packet of a sequence must say: the clock, and that earlier strings are forgotten.
  private static func checkFirst(_ packet: ProtobufMessage) throws {
    #expect(packet.integer(87) == 1)
    #expect(packet.integer(13) == 3)
    #expect(try packet.message(59)?.integer(58) == 3)
    #expect(try packet.message(6)?.integer(2) == 3)
    #expect(try packet.message(6)?.message(1)?.integer(1) == 3)
  }

  private mutating func add(_ track: ProtobufMessage) throws {
    let identity = try #require(track.integer(1))
    #expect(tracks[identity] == nil, "an identity is given once")
    let process = try track.message(3)
    let thread = try track.message(4)
    let name = track.text(2) ?? process?.text(6) ?? thread?.text(5)
    tracks[identity] = Track(
      name: try #require(name),
      parent: track.integer(5),
      isApart: track.integer(15) == 2,
      pid: process?.integer(1) ?? thread?.integer(1),
      tid: thread?.integer(2)
    )
  }

  private mutating func add(_ event: ProtobufMessage, at time: UInt64, _ packet: ProtobufMessage) throws {
    #expect(packet.integer(13) == 2, "an event needs the interned strings")
    times.append(time)
    let track = try #require(event.integer(11))
    #expect(tracks[track] != nil, "a track is described before its events")
    let name = event.integer(10).flatMap { strings[2]?[$0] } ?? ""
    let category = event.integer(3).flatMap { strings[1]?[$0] } ?? ""
    var annotations: [String: Int64] = [:]
    for annotation in try event.messages(4) {
      let key = try #require(annotation.integer(1).flatMap { strings[3]?[$0] })
      annotations[key] = Int64(bitPattern: try #require(annotation.integer(4)))
    }
    let plain = Event(track: track, name: name, time: time, value: annotations["value"])
    for flow in event.words(47) { #expect(flowStarts.updateValue(plain, forKey: flow) == nil) }
    for flow in event.words(48) { #expect(flowEnds.updateValue(plain, forKey: flow) == nil) }
    switch event.integer(9) {
    case 1:
      let slice = Slice(track: track, name: name, category: category, start: time, end: time, annotations: annotations)
      open[track, default: []].append(slice)
    case 2:
      let last = open[track]?.popLast()
      var slice = try #require(last)
      slice.end = time
      slices.append(slice)
    case 3: instants.append(plain)
    default:
      let value = try #require(event.integer(30))
      counters.append(Event(track: track, name: "", time: time, value: Int64(bitPattern: value)))
    }
  }
}
