// SPDX-License-Identifier: Apache-2.0
//
// The ring of one scheduler thread in the flight recorder, written by that thread alone. It consists of blocks of 64
// entries. The first entry of each block is the time, for which the clock is read. So an entry costs one store, and a
// clock reading is shared by 64.
// RR1. A block is cleared before its first entry is written, so the entries of the block that is being written end at
//      the first zero.
// RR2. The number of blocks that were begun is stored before a block is cleared, and the number of those that were
//      cleared afterwards. A reader copies the blocks that were cleared, and then reads how many were begun. It drops
//      each copied block that may have been cleared again meanwhile.
//
// A ring that is off has one block, which it fills again and again, without a time: to test at each entry whether the
// ring is on would cost as much as the entry.

import CJoist
import Synchronization

/// A ring; the value itself is a few addresses, which only the writing thread changes.
package struct RecorderRing {
  private typealias Entry = Atomic<UInt64>

  /// The number of entries in a block, and of their bytes, a power of two.
  package static var blockEntries: Int { 64 }
  package static var blockBytes: UInt { 512 }

  /// The place of the next entry.
  private var next: Handle<Entry>
  /// The addresses of the first entry and behind the last one.
  private let start: UInt
  private let end: UInt
  /// Whether it records.
  package let isOn: Bool

  /// Makes a ring in memory that is zeroed and aligned to a block: a block for the header, then `entries` entries, a
  /// multiple of a block.
  ///
  /// A ring that is off has one block of entries.
  package init(memory: UInt, entries: Int, isOn: Bool) {
    start = memory + Self.blockBytes
    end = start + UInt(entries * MemoryLayout<UInt64>.size)
    self.isOn = isOn
    // The first entry begins a block.
    next = Handle<Entry>(address: end)
  }

  /// The bytes of memory for a ring of that number of entries.
  package static func bytes(entries: Int) -> Int { Int(blockBytes) + entries * MemoryLayout<UInt64>.size }

  /// The address of its memory.
  package var memory: UInt { start - Self.blockBytes }

  /// The number of blocks that were begun, in the header.
  // Ordering: RR2.
  private var begun: Handle<Entry> { Handle<Entry>(address: memory) }
  /// The number of blocks that were cleared, behind it.
  // Ordering: RR2.
  private var cleared: Handle<Entry> { begun.advanced(by: 1) }
  private var blockCount: UInt64 { UInt64((end - start) / Self.blockBytes) }
  private func block(_ number: UInt64) -> Handle<Entry> {
    Handle<Entry>(address: start + UInt(number % blockCount) * Self.blockBytes)
  }

  // MARK: Writing

  /// Whether the next entry goes into a block that was begun.
  @inline(__always)
  package var isInBlock: Bool { next.bits & (Self.blockBytes - 1) != 0 }

  /// Writes an entry into a block that was begun.
  // Ordering: relaxed; RR2 says how readers know that it is whole.
  @inline(__always)
  package mutating func writeInBlock(_ entry: RecorderEntry) {
    next.it.store(entry.bits, ordering: .relaxed)
    next = next.advanced(by: 1)
  }

  /// Writes an entry.
  @inline(__always)
  package mutating func write(_ entry: RecorderEntry, _ clock: TickClock) {
    if isInBlock { writeInBlock(entry) } else { writeAfterTime(entry, clock) }
  }

  /// Begins a block with the time, and writes an entry behind it.
  @inline(never)
  private mutating func writeAfterTime(_ entry: RecorderEntry, _ clock: TickClock) {
    next = isOn ? beginBlock() : block(0)
    writeInBlock(RecorderEntry(.time, payload: isOn ? clock.count : 0))
    writeInBlock(entry)
  }

  /// Writes a time that the scheduler has just read, unless the next entry begins a block, which reads the clock
  /// itself.
  @inline(__always)
  package mutating func write(time count: UInt64) {
    if isInBlock { writeInBlock(RecorderEntry(.time, payload: count)) }
  }

  /// Returns the next block, cleared (RR1), and has the one behind it fetched: in a program with a large working set it
  /// has left the cache since the ring went around.
  // Ordering: the fence keeps the clearing stores behind the first number in a reader's view, and the releasing store
  // keeps them before the second (RR2).
  private func beginBlock() -> Handle<Entry> {
    let number = begun.it.load(ordering: .relaxed)
    begun.it.store(number + 1, ordering: .relaxed)
    atomicMemoryFence(ordering: .releasing)
    let block = block(number)
    for index in 0..<Self.blockEntries { block.advanced(by: index).it.store(0, ordering: .relaxed) }
    cleared.it.store(number + 1, ordering: .releasing)
    let following = self.block(number + 1).bits
    // In debug builds, a loop over numbers of another type than `Int` calls malloc.
    for line in 0..<Int(Self.blockBytes / 64) { joist_prefetch_for_write(following + UInt(line) * 64) }
    return block
  }

  // MARK: Reading, for any thread

  /// Returns the entries from the oldest to the newest.
  // Ordering: RR2. The acquiring fence keeps the second reading of the number behind the copies.
  package func entries() -> [RecorderEntry] { entries(from: 0).entries }

  /// The number of the block that is being written.
  // Ordering: relaxed; what `entries(from:onlyWhole:)` reads is ordered there.
  package var presentBlock: UInt64 {
    let begun = begun.it.load(ordering: .relaxed)
    return begun == 0 ? 0 : begun - 1
  }

  /// Returns the entries of the blocks from that number on that are still there, oldest first, and the number from
  /// which to go on.
  ///
  /// The block that is being written is left out with `onlyWhole`, and is then the one to go on from.
  // Ordering: as above.
  package func entries(from number: UInt64, onlyWhole: Bool = false) -> (entries: [RecorderEntry], next: UInt64) {
    guard isOn else { return ([], 0) }
    let cleared = self.cleared.it.load(ordering: .acquiring)
    let last = onlyWhole && cleared > 0 ? cleared - 1 : cleared
    let first = max(number, cleared - min(cleared, blockCount))
    guard first < last else { return ([], max(number, last)) }
    var copied: [UInt64] = []
    copied.reserveCapacity(Int(last - first) * Self.blockEntries)
    for number in first..<last {
      let block = block(number)
      // What is behind the first zero was written after the zero was read, so an entry may be missing between (RR1).
      var isOver = false
      for index in 0..<Self.blockEntries {
        let bits = isOver ? 0 : block.advanced(by: index).it.load(ordering: .relaxed)
        isOver = bits == 0
        copied.append(bits)
      }
    }
    atomicMemoryFence(ordering: .acquiring)
    let newest = begun.it.load(ordering: .relaxed)
    let firstWhole = min(max(newest - min(newest, blockCount), first), last)
    let dropped = Int(firstWhole - first) * Self.blockEntries
    let entries = copied.dropFirst(dropped).lazy.filter { $0 != 0 }.map { RecorderEntry(bits: $0) }
    return (Array(entries), last)
  }

  /// The process that the newest entries show to run; nil if there is none.
  // Ordering: relaxed, a guess: the block may be cleared meanwhile.
  package var running: ProcessID? {
    guard isOn else { return nil }
    let begun = begun.it.load(ordering: .relaxed)
    if begun == 0 { return nil }
    return running(in: begun - 1) ?? (begun > 1 ? running(in: begun - 2) : nil)
  }

  private func running(in number: UInt64) -> ProcessID? {
    let block = block(number)
    var process: ProcessID?
    for index in 0..<Self.blockEntries {
      let entry = RecorderEntry(bits: block.advanced(by: index).it.load(ordering: .relaxed))
      if let kind = entry.kind, kind.beginsSlice { process = entry.process }
    }
    return process
  }

  /// Calls the body with each entry, the newest first, until it returns false; for the writing thread.
  func forEachFromNewest(_ body: (RecorderEntry) -> Bool) {
    guard isOn else { return }
    var place = next.bits
    for _ in 0..<min(begun.it.load(ordering: .relaxed), blockCount) * UInt64(Self.blockEntries) {
      if place == start { place = end }
      place -= UInt(MemoryLayout<UInt64>.size)
      let bits = Handle<Entry>(address: place).it.load(ordering: .relaxed)
      if bits == 0 || !body(RecorderEntry(bits: bits)) { return }
    }
  }
}
