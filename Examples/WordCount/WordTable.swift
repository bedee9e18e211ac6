// SPDX-License-Identifier: Apache-2.0
//
// Counting words in bytes: letters A to Z, in lower case; everything else is between words. An open-addressing
// table over one array of letters, so that a word costs no object.

/// How often each word occurs.
struct WordTable: Sendable {
  /// The letters of all words, one after the other.
  private var letters: [UInt8] = []
  private var entries: [Entry] = []
  /// Places of entries plus one, by hash; a power of two of them.
  ///
  /// Zero is free.
  private var places = [UInt32](repeating: 0, count: 1 << 10)

  private struct Entry {
    var start: Int
    var length: Int
    var hash: UInt64
    var count: Int
  }

  /// The letter in lower case, or zero for a byte that is none.
  private static func letter(_ byte: UInt8) -> UInt8 {
    let lower = byte | 0x20
    return lower >= 0x61 && lower <= 0x7a && byte < 0x80 ? lower : 0
  }

  /// Whether the byte belongs to a word.
  static func isLetter(_ byte: UInt8) -> Bool { letter(byte) != 0 }

  /// Counts the words of a piece of text; `pause` is called now and then with the bytes done since.
  mutating func count(_ text: [UInt8], pause: (Int) throws -> Void) rethrows {
    var start = 0
    var hash: UInt64 = 0
    for first in stride(from: 0, to: text.count, by: 4_096) {
      let end = min(first + 4_096, text.count)
      for index in first..<end {
        let letter = WordTable.letter(text[index])
        if letter != 0 {
          hash = (hash ^ UInt64(letter)) &* 0x0000_0100_0000_01b3
          continue
        }
        if start < index { note(text, start..<index, hash, 1) }
        start = index + 1
        hash = 0
      }
      try pause(end - first)
    }
    if start < text.count { note(text, start..<text.count, hash, 1) }
  }

  /// Adds what another table counted.
  mutating func add(_ other: WordTable) {
    for entry in other.entries {
      note(other.letters, entry.start..<entry.start + entry.length, entry.hash, entry.count)
    }
  }

  /// Counts the word in that range of a text, whatever its case.
  private mutating func note(_ text: [UInt8], _ range: Range<Int>, _ hash: UInt64, _ count: Int) {
    var place = Int(truncatingIfNeeded: hash ^ (hash >> 29)) & (places.count - 1)
    while places[place] != 0 {
      let index = Int(places[place]) - 1
      if entries[index].hash == hash, isSame(entries[index], text, range) {
        entries[index].count += count
        return
      }
      place = (place + 1) & (places.count - 1)
    }
    entries.append(Entry(start: letters.count, length: range.count, hash: hash, count: count))
    letters.append(contentsOf: text[range].lazy.map(WordTable.letter))
    places[place] = UInt32(entries.count)
    if entries.count * 2 > places.count { grow() }
  }

  private func isSame(_ entry: Entry, _ text: [UInt8], _ range: Range<Int>) -> Bool {
    guard entry.length == range.count else { return false }
    for offset in 0..<range.count
    where letters[entry.start + offset] != WordTable.letter(text[range.lowerBound + offset]) { return false }
    return true
  }

  private mutating func grow() {
    places = [UInt32](repeating: 0, count: places.count * 2)
    for (index, entry) in entries.enumerated() {
      var place = Int(truncatingIfNeeded: entry.hash ^ (entry.hash >> 29)) & (places.count - 1)
      while places[place] != 0 { place = (place + 1) & (places.count - 1) }
      places[place] = UInt32(index + 1)
    }
  }

  /// Lines `count word`: the most frequent first, equal ones by word.
  func lines() -> [UInt8] {
    let sorted = entries.sorted { a, b in
      if a.count != b.count { return a.count > b.count }
      return letters[a.start..<a.start + a.length].lexicographicallyPrecedes(letters[b.start..<b.start + b.length])
    }
    var text: [UInt8] = []
    for entry in sorted {
      text.append(contentsOf: "\(entry.count) ".utf8)
      text.append(contentsOf: letters[entry.start..<entry.start + entry.length])
      text.append(0x0a)
    }
    return text
  }
}
