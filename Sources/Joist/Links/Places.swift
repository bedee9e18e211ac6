// SPDX-License-Identifier: Apache-2.0
//
// A list whose entries keep their places, so that whoever remembers a place takes its entry out at once.
// PL1. A place that comes free is used again, the last one first. So the order of the places says nothing about age,
//      and is still the same in every run.

/// Entries, each in a place of its own.
struct Places<Entry> {
  private struct Place {
    var entry: Entry?
    /// The next free place, while this one is free.
    var nextFree = -1
  }

  private var places: [Place] = []
  private var firstFree = -1
  private(set) var count = 0

  /// Puts an entry in; where it is then (PL1).
  mutating func add(_ entry: Entry) -> Int {
    count += 1
    guard firstFree >= 0 else {
      places.append(Place(entry: entry))
      return places.count - 1
    }
    let place = firstFree
    firstFree = places[place].nextFree
    places[place].entry = entry
    return place
  }

  /// The entry in a place; nil where there is none.
  subscript(place: Int) -> Entry? { places.indices.contains(place) ? places[place].entry : nil }

  /// Changes an entry.
  mutating func change(_ place: Int, _ change: (inout Entry) -> Void) {
    if places[place].entry != nil { change(&places[place].entry!) }
  }

  /// Takes an entry out.
  mutating func remove(_ place: Int) {
    places[place].entry = nil
    places[place].nextFree = firstFree
    firstFree = place
    count -= 1
  }

  /// The first place whose entry fits.
  func firstPlace(where fits: (Entry) -> Bool) -> Int? {
    places.firstIndex { $0.entry.map(fits) ?? false }
  }

  /// The entries, in the order of their places.
  var all: some Sequence<Entry> { places.lazy.compactMap(\.entry) }

  /// The entries with their places, in that order.
  var inPlaces: some Sequence<(Int, Entry)> {
    places.lazy.enumerated().compactMap { place, content in content.entry.map { (place, $0) } }
  }

  /// Empties it; a small one keeps its memory.
  mutating func removeAll() {
    places.removeAll(keepingCapacity: places.count <= 16)
    firstFree = -1
    count = 0
  }

  /// Takes everything.
  mutating func takeAll() -> Places {
    defer { self = Places() }
    return self
  }
}
