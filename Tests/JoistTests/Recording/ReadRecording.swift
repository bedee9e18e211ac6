// SPDX-License-Identifier: Apache-2.0
//
// Reads recordings, as a tool would that knows nothing but their format.

import Joist
import TestSupport
import Testing

/// A recording, taken apart.
struct ReadRecording {
  let version: UInt64
  let pid: Int32
  let ticksPerSecond, ticks, nanoseconds: UInt64
  /// The entries of each ring, oldest first.
  let rings: [[RecorderEntry]]
  /// The lines of the names.
  let names: [String]

  init(_ bytes: [UInt8]) throws {
    func word(_ offset: Int) -> UInt64 {
      bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    try #require(bytes.count >= 4_096 && bytes.prefix(8).elementsEqual("JOISTREC".utf8))
    version = word(8) & 0xffff_ffff
    pid = Int32(truncatingIfNeeded: word(8) >> 32)
    (ticksPerSecond, ticks, nanoseconds) = (word(16), word(24), word(32))
    let (count, entries) = (Int(word(40)), Int(word(48)))
    let names = Int(word(56))..<Int(word(56) + word(64))
    try #require(names.upperBound <= bytes.count)
    let stride = (512 + 8 * entries + 4_095) / 4_096 * 4_096
    try #require(4_096 + count * stride <= names.lowerBound)
    rings = (0..<count).map { number in
      let start = 4_096 + number * stride
      // A ring that a program wrote itself has the number of blocks that were begun, and goes around.
      let begun = Int(word(start))
      let first = begun == 0 ? 0 : begun % max(1, entries / 64) * 64
      let inOrder = Array(first..<entries) + Array(0..<first)
      return inOrder.map { RecorderEntry(bits: word(start + 512 + 8 * $0)) }.filter { $0.bits != 0 }
    }
    self.names = String(decoding: bytes[names], as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// The events of a ring.
  func events(_ ring: Int = 0) -> [RecorderEvent] {
    RecorderReader.events(rings[ring], ticksPerSecond: ticksPerSecond)
  }
}

/// An event without its time.
struct Happening: Hashable, CustomStringConvertible {
  let kind: RecorderEvent.Kind
  let process, other: ProcessID?

  init(_ kind: RecorderEvent.Kind, _ process: ProcessID? = nil, by other: ProcessID? = nil) {
    (self.kind, self.process, self.other) = (kind, process, other)
  }

  init(_ event: RecorderEvent) { self.init(event.kind, event.process, by: event.other) }

  var description: String {
    "\(process.map { "\($0)" } ?? "-") \(kind)\(other.map { " \($0)" } ?? "")"
  }
}

extension ProcessRuntime {
  /// What the recorder has, taken apart.
  func recorded() throws -> ReadRecording { try ReadRecording(recorder.recording) }

  /// What has happened on a scheduler, as far as the recorder has it.
  func happenings(_ scheduler: Int = 0) throws -> [Happening] { try recorded().events(scheduler).map(Happening.init) }
}

/// Crashes the process that calls it.
func crashNow(_ sentence: String) { if unknown(true) { fatalError(sentence) } }
