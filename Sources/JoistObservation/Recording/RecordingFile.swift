// SPDX-License-Identifier: Apache-2.0
//
// Reads a recording: the rings of a flight recorder, as a program has written them, or as they lie in the file that
// outlives it. The format is that of `RecordingFormat` in the runtime.

import Joist

/// A recording that was read.
struct RecordingFile {
  let pid: Int32
  let ticksPerSecond: UInt64
  /// A moment on the cheap clock, and the same moment on the runtime's clock in nanoseconds.
  let ticksThen: UInt64
  let nanosecondsThen: Int64
  /// The entries of each ring, oldest first.
  let rings: [[RecorderEntry]]
  /// The names of processes and marks, by the numbers that entries have for them.
  let processNames: [UInt64: String]
  let markNames: [UInt64: String]

  /// Reads a recording.
  ///
  /// - Throws: ``InspectionError`` if the bytes are no recording, one of another version, or cut short.
  init(_ bytes: [UInt8]) throws(InspectionError) {
    let reader = Words(bytes: bytes)
    guard bytes.starts(with: RecordingFormat.magic.utf8), bytes.count >= RecordingFormat.headerBytes else {
      throw InspectionError("this is no recording of a flight recorder: it does not begin with its header")
    }
    let versionAndPid = reader[8]
    guard UInt32(truncatingIfNeeded: versionAndPid) == RecordingFormat.version else {
      throw InspectionError("the recording has another format: read it with the version of joist that the program has")
    }
    pid = Int32(truncatingIfNeeded: Int64(bitPattern: versionAndPid >> 32))
    ticksPerSecond = max(1, reader[16])
    ticksThen = reader[24]
    nanosecondsThen = Int64(bitPattern: reader[32])
    let (count, entries) = (Int(clamping: reader[40]), Int(clamping: reader[48]))
    guard count <= RecordingFile.maxRings, entries <= RecordingFile.maxEntries,
      bytes.count >= RecordingFormat.bytes(rings: count, entries)
    else {
      throw InspectionError("the recording is cut short: it has \(bytes.count) bytes, fewer than its header says")
    }
    rings = (0..<count).map { reader.ring(at: RecordingFormat.ringOffset($0, entries), entries) }
    let (start, length) = (Int(clamping: reader[56]), Int(clamping: reader[64]))
    let names = start <= bytes.count ? bytes[start..<min(bytes.count, start + length)] : []
    (processNames, markNames) = RecordingFile.names(names)
  }

  /// The limits of what a header may say: the schedulers of a runtime, and a gibibyte for each.
  private static var maxRings: Int { 256 }
  private static var maxEntries: Int { 1 << 27 }

  /// Returns a time on the cheap clock in nanoseconds on the runtime's clock.
  func nanoseconds(_ ticks: UInt64) -> Int64 {
    let difference = Double(Int64(bitPattern: ticks &- ticksThen))
    return nanosecondsThen &+ Int64(difference * 1e9 / Double(ticksPerSecond))
  }

  private static func names(_ bytes: ArraySlice<UInt8>) -> (processes: [UInt64: String], marks: [UInt64: String]) {
    var (processes, marks): ([UInt64: String], [UInt64: String]) = ([:], [:])
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
      guard parts.count == 3, let number = UInt64(String(decoding: parts[1], as: UTF8.self)) else { continue }
      let name = String(decoding: parts[2], as: UTF8.self)
      if parts[0].elementsEqual("process".utf8) { processes[number] = name } else { marks[number] = name }
    }
    return (processes, marks)
  }
}

/// The words of a recording.
private struct Words {
  let bytes: [UInt8]

  /// The word at an offset.
  subscript(offset: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in 0..<8 { word |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    return word
  }

  /// Returns the entries of a ring, oldest first.
  ///
  /// A ring that lies in a file as its thread has left it begins with the number of blocks that were begun; the oldest
  /// block is the next one that would have been begun.
  func ring(at offset: Int, _ entries: Int) -> [RecorderEntry] {
    let (begun, first) = (self[offset], offset + Int(RecorderRing.blockBytes))
    let blocks = entries / RecorderRing.blockEntries
    let start = begun > UInt64(blocks) ? Int(begun % UInt64(blocks)) : 0
    var found: [RecorderEntry] = []
    for number in 0..<blocks {
      let block = first + (start + number) % blocks * Int(RecorderRing.blockBytes)
      for index in 0..<RecorderRing.blockEntries {
        let entry = RecorderEntry(bits: self[block + 8 * index])
        if entry.bits == 0 { break }
        found.append(entry)
      }
    }
    return found
  }
}
