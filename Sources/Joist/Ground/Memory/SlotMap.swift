// SPDX-License-Identifier: Apache-2.0
//
// A list whose entries keep their places, so that whoever remembers a place takes its entry out at once.
// PL1. A place that comes free is used again, the last one first. So the order of the places says nothing about age,
//      and is still the same in every run.
// PL2. The first place needs no memory of its own, for most lists have one entry at most.
// PL3. Where a lock guards the list, memory for more places is had without it: who finds no room lets go of the lock,
//      makes some, and looks again.

/// Entries, each in a place of its own.
struct SlotMap<Entry> {
  fileprivate struct Place {
    var entry: Entry?
    /// The next free place, while this one is free.
    var nextFree = 0
  }

  /// In place zero (PL2).
  private var first: Entry?
  /// From place one on.
  private var others: [Place] = []
  /// Zero for none.
  private var firstFree = 0
  private(set) var count = 0
  /// How many places there are, free ones included.
  var span: Int { others.count + 1 }

  /// The types that taking entries out needs (FA5).
  static var types: [Any.Type] { [SlotMap.self, Place.self] }

  /// What it has beside itself.
  var bytes: Int { others.capacity * MemoryLayout<Place>.stride }

  /// Memory for places that is no list's yet (PL3).
  struct Room {
    fileprivate var places: [Place] = []
    fileprivate var wanted = 0

    /// Has as much memory as was wanted.
    mutating func grow() { places.reserveCapacity(wanted) }
  }

  /// Whether there is room for one more, perhaps by making use of some (PL3).
  mutating func hasRoom(_ room: inout Room) -> Bool {
    if first == nil || firstFree > 0 || others.hasRoom(&room.places) { return true }
    room.wanted = max(4, 2 * others.count)
    return false
  }

  /// Puts an entry in; where it is then (PL1).
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
      others.append(Place(entry: entry))
      return others.count
    }
    let place = firstFree
    firstFree = others[place - 1].nextFree
    others[place - 1].entry = entry
    return place
  }

  /// The entry in a place; nil where there is none.
  subscript(place: Int) -> Entry? {
    if place == 0 { return first }
    return others.indices.contains(place - 1) ? others[place - 1].entry : nil
  }

  /// Changes an entry.
  mutating func change(_ place: Int, _ change: (inout Entry) -> Void) {
    if place == 0 { if first != nil { change(&first!) } } else { change(&others[place - 1].entry!) }
  }

  /// Takes an entry out.
  mutating func remove(_ place: Int) {
    count -= 1
    if count == 0 {
      first = nil
      others.removeAll(keepingCapacity: others.count < 64)
      firstFree = 0
    } else if place == 0 {
      first = nil
    } else {
      others[place - 1] = Place(entry: nil, nextFree: firstFree)
      firstFree = place
    }
  }

  /// The first place whose entry fits.
  func firstPlace(where fits: (Entry) -> Bool) -> Int? {
    if let first, fits(first) { return 0 }
    return others.firstIndex { $0.entry.map(fits) ?? false }.map { $0 + 1 }
  }

  /// Takes everything out.
  mutating func takeAll() -> SlotMap {
    defer { self = SlotMap() }
    return self
  }

  /// Does something with each entry, in the order of the places, and its place.
  func each(_ body: (Int, Entry) -> Void) {
    if let first { body(0, first) }
    for index in others.indices { if let entry = others[index].entry { body(index + 1, entry) } }
  }
}
