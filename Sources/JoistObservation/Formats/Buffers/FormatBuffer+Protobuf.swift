// SPDX-License-Identifier: Apache-2.0
//
// Protobuf's wire format: fields with a number and a value, of which Perfetto and pprof need variable-length integers,
// 64-bit words, byte strings and nested messages.

extension FormatBuffer {
  /// The wire types, which stand in the low bits of a field's tag.
  private enum Wire {
    static let integer: UInt64 = 0
    static let word: UInt64 = 1
    static let bytes: UInt64 = 2
  }

  /// Appends an integer of variable length: seven bits a byte, the lowest first.
  @inline(__always)
  mutating func append(variable value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a field with an unsigned integer.
  @inline(__always)
  mutating func append(field: UInt64, _ value: UInt64) {
    append(variable: field << 3 | Wire.integer)
    append(variable: value)
  }

  /// Appends a field with a signed integer, in two's complement as `int64` has it.
  @inline(__always)
  mutating func append(field: UInt64, signed value: Int64) { append(field: field, UInt64(bitPattern: value)) }

  /// Appends a field with eight bytes, the lowest first.
  mutating func append(field: UInt64, word: UInt64) {
    append(variable: field << 3 | Wire.word)
    for shift in stride(from: 0, to: 64, by: 8) { append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
  }

  /// Appends a field with text.
  mutating func append(field: UInt64, text: String) {
    append(variable: field << 3 | Wire.bytes)
    append(variable: UInt64(text.utf8.count))
    append(text: text)
  }

  /// Appends a field with a message, or packed integers, that `body` appends.
  @inline(__always)
  mutating func append(field: UInt64, message body: (inout FormatBuffer) -> Void) {
    append(variable: field << 3 | Wire.bytes)
    let place = bytes.count
    append(0)
    body(&self)
    let length = bytes.count - place - 1
    if length < 0x80 {
      replace(at: place, with: UInt8(truncatingIfNeeded: length))
    } else {
      widen(length, at: place)
    }
  }

  /// Replaces the one byte at `place`, which was kept free for a length, by a length that needs more.
  private mutating func widen(_ length: Int, at place: Int) {
    var more: [UInt8] = []
    var rest = UInt64(length) >> 7
    while rest > 0 {
      more.append(UInt8(truncatingIfNeeded: rest & 0x7F) | (rest >= 0x80 ? 0x80 : 0))
      rest >>= 7
    }
    replace(at: place, with: UInt8(truncatingIfNeeded: length) | 0x80)
    insert(more, at: place + 1)
  }
}
