// SPDX-License-Identifier: Apache-2.0
//
// Counts words in bytes. A word consists of the letters A to Z, whose case does not matter; every other byte separates
// words. The counts are in an open-addressing hash table, and the letters of all words in one array, so that a word
// needs no object of its own.

/// A table with the number of occurrences of each word.
struct WordTable: Sendable {
  /// The letters of all words in lower case, one word after the other.
  private var letters: [UInt8] = []
  private var entries: [Entry] = []
  /// The hash table: for each bucket the index of an entry plus one, or zero if the bucket is free.
  ///
  /// Its size is a power of two.
  private var buckets = [UInt32](repeating: 0, count: 1 << 10)

  private struct Entry {
    var start: Int
    var length: Int
    var hash: UInt64
    var count: Int
  }

  /// Returns the letter in lower case, or zero if the byte is not a letter.
  private static func letter(_ byte: UInt8) -> UInt8 {
    let lower = byte | 0x20
    return lower >= 0x61 && lower <= 0x7a && byte < 0x80 ? lower : 0
  }

  /// Returns whether the byte belongs to a word.
  static func isLetter(_ byte: UInt8) -> Bool { letter(byte) != 0 }

  /// Counts the words of a text.
  ///
  /// Calls `pause` after every 4 KiB, with the number of bytes processed since the previous call.
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

  /// Adds the counts of another table.
  mutating func add(_ other: WordTable) {
    for entry in other.entries {
      note(other.letters, entry.start..<entry.start + entry.length, entry.hash, entry.count)
    }
  }

  /// Adds `count` to the number of occurrences of the word in that range of a text.
  private mutating func note(_ text: [UInt8], _ range: Range<Int>, _ hash: UInt64, _ count: Int) {
    var bucket = Int(truncatingIfNeeded: hash ^ (hash >> 29)) & (buckets.count - 1)
    while buckets[bucket] != 0 {
      let index = Int(buckets[bucket]) - 1
      if entries[index].hash == hash, isSame(entries[index], text, range) {
        entries[index].count += count
        return
      }
      bucket = (bucket + 1) & (buckets.count - 1)
    }
    entries.append(Entry(start: letters.count, length: range.count, hash: hash, count: count))
    letters.append(contentsOf: text[range].lazy.map(WordTable.letter))
    buckets[bucket] = UInt32(entries.count)
    if entries.count * 2 > buckets.count { grow() }
  }

  private func isSame(_ entry: Entry, _ text: [UInt8], _ range: Range<Int>) -> Bool {
    guard entry.length == range.count else { return false }
    for offset in 0..<range.count
    where letters[entry.start + offset] != WordTable.letter(text[range.lowerBound + offset]) { return false }
    return true
  }

  private mutating func grow() {
    buckets = [UInt32](repeating: 0, count: buckets.count * 2)
    for (index, entry) in entries.enumerated() {
      var bucket = Int(truncatingIfNeeded: entry.hash ^ (entry.hash >> 29)) & (buckets.count - 1)
      while buckets[bucket] != 0 { bucket = (bucket + 1) & (buckets.count - 1) }
      buckets[bucket] = UInt32(index + 1)
    }
  }

  /// Returns lines of the form `count word`, the most frequent word first, equal counts in alphabetical order.
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
