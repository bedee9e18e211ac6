// SPDX-License-Identifier: Apache-2.0
//
// A list whose entries keep their index, so that an entry is removed in constant time by its index.
// PL1. A free index is used again, the one freed last first. So the order of the indices says nothing about age, but is
//      the same in every run.
//
// Index zero needs no memory of its own, because most lists have at most one entry. Where a lock guards the list,
// memory for more entries is allocated without the lock: a caller that finds no spare capacity releases the lock,
// allocates some, and looks again.

/// A list of entries, each with an index of its own.
struct SlotMap<Entry> {
  fileprivate struct Slot {
    var entry: Entry?
    /// The next free place, while this one is free.
    var nextFree = 0
  }

  /// The entry at index zero.
  private var first: Entry?
  /// The entries from index one on.
  private var others: [Slot] = []
  /// The head of the list of free indices; zero if there is none.
  private var firstFree = 0
  private(set) var count = 0
  /// The number of places, free ones included.
  var span: Int { others.count + 1 }

  /// The types whose metadata removing entries needs (FA5).
  static var types: [Any.Type] { [SlotMap.self, Slot.self] }

  /// The number of bytes that the list has outside of itself.
  var bytes: Int { others.capacity * MemoryLayout<Slot>.stride }

  /// Spare capacity that belongs to no list yet.
  struct Room {
    fileprivate var slots: [Slot] = []
    fileprivate var wanted = 0

    /// Allocates as much memory as `hasRoom` asked for.
    mutating func grow() { slots.reserveCapacity(wanted) }
  }

  /// Returns whether one more entry fits, after moving into `room` if that is larger.
  ///
  /// If it does not fit, notes in `room` how much to allocate.
  mutating func hasRoom(_ room: inout Room) -> Bool {
    if first == nil || firstFree > 0 || others.hasRoom(&room.slots) { return true }
    room.wanted = max(4, 2 * others.count)
    return false
  }

  /// Adds an entry and returns its index (PL1).
  @inline(__always)
  mutating func add(_ entry: Entry) -> Int {
    count += 1
    if first != nil { return addToOthers(entry) }
    first = entry
    return 0
  }

  @inline(never)
  private mutating func addToOthers(_ entry: Entry) -> Int {
    guard firstFree > 0 else {
      others.append(Slot(entry: entry))
      return others.count
    }
    let index = firstFree
    firstFree = others[index - 1].nextFree
    others[index - 1].entry = entry
    return index
  }

  /// The entry at an index; nil if there is none.
  subscript(index: Int) -> Entry? {
    if index == 0 { return first }
    return others.indices.contains(index - 1) ? others[index - 1].entry : nil
  }

  /// Changes the entry at an index.
  mutating func change(_ index: Int, _ change: (inout Entry) -> Void) {
    if index == 0 { if first != nil { change(&first!) } } else { change(&others[index - 1].entry!) }
  }

  /// Removes the entry at an index.
  mutating func remove(_ index: Int) {
    count -= 1
    if count == 0 {
      first = nil
      // Not by `removeAll(keepingCapacity: true)`: in debug builds that makes a type, and there may be no memory.
      if others.count < 64 { while others.popLast() != nil {} } else { others.removeAll() }
      firstFree = 0
    } else if index == 0 {
      first = nil
    } else {
      others[index - 1] = Slot(entry: nil, nextFree: firstFree)
      firstFree = index
    }
  }

  /// Returns the smallest index whose entry satisfies the predicate.
  func firstPlace(where fits: (Entry) -> Bool) -> Int? {
    if let first, fits(first) { return 0 }
    return others.firstIndex { $0.entry.map(fits) ?? false }.map { $0 + 1 }
  }

  /// Takes all entries and leaves this list empty.
  mutating func takeAll() -> SlotMap {
    defer { self = SlotMap() }
    return self
  }

  /// Calls the closure with each index and entry, in the order of the indices.
  func each(_ body: (Int, Entry) -> Void) {
    if let first { body(0, first) }
    for index in others.indices { if let entry = others[index].entry { body(index + 1, entry) } }
  }
}
