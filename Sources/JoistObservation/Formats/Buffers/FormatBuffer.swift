// SPDX-License-Identifier: Apache-2.0
//
// The buffer that the writers of all formats append to. Numbers are written digit by digit, because a trace has
// millions of them and a `String` for each would take most of the time.

/// Bytes that are collected and then handed to a sink in chunks.
struct FormatBuffer {
  /// The size at which the bytes are handed on: large enough that the calls of the sink do not count, small enough for
  /// the processor's second-level cache.
  static let chunkBytes = 64 * 1_024

  private(set) var bytes: [UInt8] = []

  /// Creates an empty buffer with room for a chunk and the event that exceeds it.
  init() { bytes.reserveCapacity(Self.chunkBytes + 4_096) }

  /// Hands the bytes to `sink` if they fill a chunk, and empties the buffer then.
  @inline(__always)
  mutating func drain(into sink: ([UInt8]) throws -> Void) rethrows {
    if bytes.count >= Self.chunkBytes { try flush(into: sink) }
  }

  /// Hands all bytes to `sink` and empties the buffer.
  mutating func flush(into sink: ([UInt8]) throws -> Void) rethrows {
    guard !bytes.isEmpty else { return }
    try sink(bytes)
    bytes.removeAll(keepingCapacity: true)
  }

  /// Appends one byte.
  @inline(__always)
  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  /// Appends several bytes.
  @inline(__always)
  mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

  /// Appends text in UTF-8.
  mutating func append(text: String) { bytes.append(contentsOf: text.utf8) }

  /// Appends a space as often as `count` says; nothing if it is negative.
  mutating func appendSpaces(_ count: Int) {
    for _ in 0..<max(0, count) { bytes.append(UInt8(ascii: " ")) }
  }

  /// Replaces the byte at `position`.
  @inline(__always)
  mutating func replace(at position: Int, with byte: UInt8) { bytes[position] = byte }

  /// Inserts bytes before `position`.
  mutating func insert(_ more: [UInt8], at position: Int) { bytes.insert(contentsOf: more, at: position) }
}

extension FormatBuffer {
  /// Appends a number in decimal digits.
  mutating func append(decimal value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(decimal: value.magnitude)
  }

  /// Appends a number in decimal digits, with zeros in front up to `minDigits` digits.
  mutating func append(decimal value: UInt64, minDigits: Int = 1) {
    var count = 1
    var bound: UInt64 = 10
    while count < 20, value >= bound {
      count += 1
      if count < 20 { bound &*= 10 }
    }
    count = max(count, minDigits)
    for _ in 0..<count { bytes.append(UInt8(ascii: "0")) }
    var rest = value
    var position = bytes.count
    while rest > 0 {
      position &-= 1
      let next = rest / 10
      bytes[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest &- next &* 10)
      rest = next
    }
  }

  /// Appends a number as `0x` and hexadecimal digits.
  mutating func append(hexadecimal value: UInt64) { append(text: "0x" + String(value, radix: 16)) }

  /// Appends nanoseconds as microseconds, with three decimals if they are not whole.
  mutating func append(microsecondsOf nanoseconds: Int64) {
    let value = nanoseconds.magnitude
    if nanoseconds < 0 { append(UInt8(ascii: "-")) }
    append(decimal: value / 1_000)
    guard value % 1_000 != 0 else { return }
    append(UInt8(ascii: "."))
    append(decimal: value % 1_000, minDigits: 3)
  }
}
