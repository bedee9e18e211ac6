// SPDX-License-Identifier: Apache-2.0
//
// Reads a file for pprof, independently of the code that writes it.

import JoistObservation
import Testing

/// What a file for pprof says.
struct PprofFile {
  struct Sample: Hashable {
    var stack: [String]
    var values: [Int64]
    var labels: [String: String]
  }

  let message: ProtobufMessage
  private(set) var samples: [Sample] = []
  private(set) var types: [String] = []
  private(set) var periodType = ""
  private(set) var defaultType = ""

  init(_ bytes: [UInt8]) throws {
    message = try ProtobufMessage(try Self.inflate(bytes))
    let strings = message.bytes(6).map { String(decoding: $0, as: UTF8.self) }
    #expect(strings.first == "" && Set(strings).count == strings.count)
    types = try message.messages(1).map { try Self.type($0, strings) }
    periodType = try Self.type(try #require(try message.message(11)), strings)
    defaultType = strings[Int(message.integer(14) ?? 0)]
    let locations = try Self.locations(message, strings)
    for sample in try message.messages(2) {
      let ids = try ProtobufMessage.packed(sample.bytes(1).first ?? [])
      let values = try ProtobufMessage.packed(try #require(sample.bytes(2).first)).map(Int64.init(bitPattern:))
      var labels: [String: String] = [:]
      for label in try sample.messages(3) {
        labels[strings[Int(label.integer(1) ?? 0)]] = strings[Int(label.integer(2) ?? 0)]
      }
      samples.append(Sample(stack: try ids.map { try #require(locations[$0]) }, values: values, labels: labels))
    }
  }

  /// Returns what `stack` of a sample has for a frame.
  static func describe(_ frame: StackFrame) -> String {
    "\(frame.address) \(frame.image ?? "") \(frame.function ?? "") \(frame.file ?? "") \(frame.line ?? 0)"
  }

  private static func type(_ message: ProtobufMessage, _ strings: [String]) throws -> String {
    strings[Int(try #require(message.integer(1)))] + "/" + strings[Int(try #require(message.integer(2)))]
  }

  private static func locations(_ message: ProtobufMessage, _ strings: [String]) throws -> [UInt64: String] {
    var images: [UInt64: (name: String, range: Range<UInt64>)] = [0: ("", 0..<UInt64.max)]
    for mapping in try message.messages(3) {
      let range = try #require(mapping.integer(2))..<(try #require(mapping.integer(3)))
      images[try #require(mapping.integer(1))] = (strings[Int(try #require(mapping.integer(5)))], range)
    }
    var functions: [UInt64: String] = [0: " "]
    for function in try message.messages(5) {
      let id = try #require(function.integer(1))
      #expect(id != 0)
      functions[id] = strings[Int(function.integer(2) ?? 0)] + " " + strings[Int(function.integer(4) ?? 0)]
    }
    var result: [UInt64: String] = [:]
    for location in try message.messages(4) {
      let address = try #require(location.integer(3))
      let image = try #require(images[location.integer(2) ?? 0])
      #expect(image.range.contains(address))
      let line = try location.message(4)
      let function = try #require(functions[line?.integer(1) ?? 0])
      let id = try #require(location.integer(1))
      #expect(id != 0)
      result[id] = "\(address) \(image.name) \(function) \(line?.integer(2) ?? 0)"
    }
    return result
  }

  /// Returns the contents of a gzip file of stored blocks; the checksum is left to the test that calls `gzip`.
  static func inflate(_ bytes: [UInt8]) throws -> [UInt8] {
    #expect(bytes.starts(with: [0x1F, 0x8B, 8, 0]))
    var rest = bytes.dropFirst(10).dropLast(8)
    var result: [UInt8] = []
    while let kind = rest.popFirst() {
      let head = Array(rest.prefix(4))
      try #require(kind <= 1 && head.count == 4)
      let length = Int(head[0]) | Int(head[1]) << 8
      #expect(head[2] == ~head[0] && head[3] == ~head[1])
      rest = rest.dropFirst(4)
      result += rest.prefix(length)
      rest = rest.dropFirst(length)
      #expect((kind == 1) == rest.isEmpty)
    }
    return result
  }
}
