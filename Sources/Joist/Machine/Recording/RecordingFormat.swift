// SPDX-License-Identifier: Apache-2.0
//
// The format of a recording: a page with a header, the rings one behind the other, each at a multiple of a page, and
// the names as text. Numbers are little-endian. The header has, from its beginning: the eight letters JOISTREC; the
// version and the pid, 32 bits each; then in 64 bits each the ticks of the cheap clock per second, the ticks and the
// nanoseconds of one moment, the number of rings, the number of entries in a ring, and the offset and the length of the
// names. A ring begins with a block of 512 bytes, whose first 64 bits are the number of blocks that were begun; a copy
// that was made while the program ran is in order, and says so by zero blocks.
//
// The names are lines: `process IDENTITY NAME`, with the identity as an entry has it, and `mark ADDRESS NAME`.

import CJoist

/// The offsets and the header of a recording.
package enum RecordingFormat {
  package static var magic: String { "JOISTREC" }
  package static var version: UInt32 { 1 }
  package static var headerBytes: Int { 4_096 }

  /// Returns the distance from one ring to the next, in bytes.
  package static func ringStride(_ entries: Int) -> Int {
    (RecorderRing.bytes(entries: entries) + headerBytes - 1) / headerBytes * headerBytes
  }

  /// Returns where a ring begins.
  package static func ringOffset(_ number: Int, _ entries: Int) -> Int { headerBytes + number * ringStride(entries) }

  /// Returns the length of a recording without names.
  package static func bytes(rings: Int, _ entries: Int) -> Int { ringOffset(rings, entries) }

  /// Returns the header.
  static func header(rings: Int, entries: Int, names: Range<Int>, _ platform: any Platform) -> [UInt8] {
    var header = Array(magic.utf8)
    append(UInt64(version) | UInt64(UInt32(bitPattern: joist_pid())) << 32, to: &header)
    append(platform.ticks.perSecond, to: &header)
    append(platform.ticks.count, to: &header)
    append(UInt64(bitPattern: platform.now()), to: &header)
    for number in [rings, entries, names.lowerBound, names.count] { append(UInt64(number), to: &header) }
    return header
  }

  /// Appends a ring's entries, behind a block that says that they are in order.
  static func append(_ entries: [RecorderEntry], to bytes: inout [UInt8]) {
    bytes.append(contentsOf: repeatElement(0, count: Int(RecorderRing.blockBytes)))
    for entry in entries { append(entry.bits, to: &bytes) }
  }

  /// Appends zeroes up to a length.
  static func pad(_ bytes: inout [UInt8], to length: Int) {
    bytes.append(contentsOf: repeatElement(0, count: max(0, length - bytes.count)))
  }

  private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
    for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * index))) }
  }

  // Sound: the bytes are valid while they are written.
  /// Writes the header of a file that the rings lie in.
  static func writeHeader(to file: Int32, _ entries: Int, _ platform: any Platform) {
    let end = bytes(rings: Limits.maxThreads, entries)
    let header = header(rings: Limits.maxThreads, entries: entries, names: end..<end, platform)
    _ = unsafe header.withUnsafeBytes { unsafe joist_file_write(file, $0.baseAddress!, Int64($0.count)) }
  }
}
