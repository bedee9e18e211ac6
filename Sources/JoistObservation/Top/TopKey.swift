// SPDX-License-Identifier: Apache-2.0
//
// Keys: what the bytes from a terminal mean. An escape character alone is the escape key only if nothing follows it for
// a moment, so the decoder keeps an unfinished sequence, and its owner calls `flush` after that moment.

/// A key that the view knows.
package enum TopKey: Sendable, Hashable {
  case up, down, left, right, pageUp, pageDown, home, end
  case enter, escape, backspace, interrupt, suspend, redraw
  case character(Character)
}

/// Turns bytes from a terminal into keys.
package struct KeyDecoder: Sendable {
  /// The longest sequence that is waited for; a longer one is no key of a terminal.
  private static let maxPending = 16

  private var pending: [UInt8] = []

  /// Creates a decoder without pending bytes.
  package init() {}

  /// Whether bytes of an unfinished sequence are kept.
  package var hasPending: Bool { !pending.isEmpty }

  /// Returns the keys that the bytes complete, and keeps the bytes of an unfinished one.
  package mutating func decode(_ bytes: [UInt8]) -> [TopKey] {
    pending += bytes
    var keys: [TopKey] = []
    var start = 0
    while start < pending.count {
      guard let (key, length) = Self.key(pending[start...]) else { break }
      if let key { keys.append(key) }
      start += length
    }
    pending.removeFirst(start)
    return pending.count > Self.maxPending ? keys + flush() : keys
  }

  /// Returns the key that an unfinished sequence stands for, and forgets the sequence.
  package mutating func flush() -> [TopKey] {
    defer { pending = [] }
    return pending == [0x1B] ? [.escape] : []
  }

  /// Returns the first key and the number of its bytes; no key for a sequence without a meaning, and nil if the
  /// sequence is not finished.
  private static func key(_ bytes: ArraySlice<UInt8>) -> (key: TopKey?, length: Int)? {
    guard let first = bytes.first else { return nil }
    switch first {
    case 0x1B: return escapeSequence(bytes)
    case 0x03: return (.interrupt, 1)
    case 0x1A: return (.suspend, 1)
    case 0x0C: return (.redraw, 1)
    case 0x0D, 0x0A: return (.enter, 1)
    case 0x7F, 0x08: return (.backspace, 1)
    case 0..<0x20: return (nil, 1)
    default: return character(bytes, first)
    }
  }

  private static func character(_ bytes: ArraySlice<UInt8>, _ first: UInt8) -> (key: TopKey?, length: Int)? {
    let length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0
    if length == 0 { return (nil, 1) }
    let continuation = bytes.dropFirst().prefix(length - 1)
    if let bad = continuation.firstIndex(where: { $0 & 0xC0 != 0x80 }) { return (nil, bad - bytes.startIndex) }
    guard continuation.count == length - 1 else { return nil }
    let text = String(decoding: bytes.prefix(length), as: UTF8.self)
    return (text.first.map { .character($0) }, length)
  }

  private static func escapeSequence(_ bytes: ArraySlice<UInt8>) -> (key: TopKey?, length: Int)? {
    guard bytes.count > 1 else { return nil }
    let second = bytes[bytes.startIndex + 1]
    guard second == UInt8(ascii: "[") || second == UInt8(ascii: "O") else { return (.escape, 1) }
    let body = bytes.dropFirst(2)
    guard let last = body.firstIndex(where: { (0x40...0x7E).contains($0) }) else {
      // A control sequence has only parameters before its last byte.
      return body.allSatisfy { (0x20...0x3F).contains($0) } ? nil : (nil, 1)
    }
    let length = last - bytes.startIndex + 1
    let parameters = String(decoding: body[..<last], as: UTF8.self)
    return (meaning(of: bytes[last], parameters), length)
  }

  private static func meaning(of last: UInt8, _ parameters: String) -> TopKey? {
    switch last {
    case UInt8(ascii: "A"): .up
    case UInt8(ascii: "B"): .down
    case UInt8(ascii: "C"): .right
    case UInt8(ascii: "D"): .left
    case UInt8(ascii: "H"): .home
    case UInt8(ascii: "F"): .end
    case UInt8(ascii: "M"): .enter
    case UInt8(ascii: "~"): tildeKeys[parameters.prefix { $0 != ";" }]
    default: nil
    }
  }

  private static let tildeKeys: [Substring: TopKey] = [
    "1": .home, "7": .home, "4": .end, "8": .end, "5": .pageUp, "6": .pageDown,
  ]
}
