// SPDX-License-Identifier: Apache-2.0
//
// The gzip container around bytes that are stored, not compressed. Readers of profiles insist on the container; that
// the file is larger does not matter to them.

/// A gzip file.
enum Gzip {
  /// The number of bytes that a stored block can have.
  private static let maxBlock = 65_535

  /// Returns a gzip file that contains `bytes`.
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    // The magic number, the method (deflate), no flags, no time, no hint, and an unknown operating system.
    var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    result.reserveCapacity(bytes.count + bytes.count / maxBlock * 5 + 32)
    var position = 0
    repeat {
      let end = min(position + maxBlock, bytes.count)
      let length = UInt16(end - position)
      result.append(end == bytes.count ? 1 : 0)
      append(UInt64(length), bytes: 2, to: &result)
      append(UInt64(~length), bytes: 2, to: &result)
      result += bytes[position..<end]
      position = end
    } while position < bytes.count
    append(UInt64(checksum(bytes)), bytes: 4, to: &result)
    append(UInt64(UInt32(truncatingIfNeeded: bytes.count)), bytes: 4, to: &result)
    return result
  }

  /// Returns the CRC-32 of `bytes`, with the polynomial of gzip.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var value = ~UInt32(0)
    for byte in bytes { value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8) }
    return ~value
  }

  private static let table: [UInt32] = (0..<256).map { index in
    var value = UInt32(index)
    for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    return value
  }

  /// Appends the low bytes of a number, the lowest first.
  private static func append(_ value: UInt64, bytes count: Int, to result: inout [UInt8]) {
    for index in 0..<count { result.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }
}
