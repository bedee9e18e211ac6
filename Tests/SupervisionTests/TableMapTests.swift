// SPDX-License-Identifier: Apache-2.0
//
// The contents of tables: what they find, in what order, and that copies stay as they were.

import JoistSupervision
import Synchronization
import Testing

/// A number with few different hashes, so that many keys share them.
private struct Colliding: Hashable, Comparable {
  static let comparisons = Atomic(0)
  let number: Int

  static func < (a: Colliding, b: Colliding) -> Bool {
    comparisons.add(1, ordering: .relaxed)
    return a.number < b.number
  }

  func hash(into hasher: inout Hasher) { hasher.combine(number % 5) }
}

@Suite struct TableMapTests {
  /// A change that a test makes.
  private struct Change {
    let key: Int
    let value: Int?
  }

  /// Sets and removes keys from a small range, so that each key comes and goes several times.
  private static func changes(_ count: Int, keys: Int) -> [Change] {
    var state: UInt64 = 7
    return (0..<count).map { number in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let drawn = Int(state >> 33)
      return Change(key: drawn % keys, value: drawn % 3 == 0 ? nil : number)
    }
  }

  @Test(arguments: [5, 40, 3_000])
  func `M4: a map finds what was set last and iterates in the order of insertion`(keys: Int) {
    var map = TableMap<Int, Int>()
    var (model, order): ([Int: Int], [Int]) = ([:], [])
    for change in Self.changes(20_000, keys: keys) {
      if change.value == nil { order.removeAll { $0 == change.key } }
      if change.value != nil, model[change.key] == nil { order.append(change.key) }
      map[change.key] = change.value
      model[change.key] = change.value
    }
    #expect(map.count == model.count && (0..<keys).allSatisfy { map[$0] == model[$0] })
    #expect(map.map(\.key) == order && map.map(\.value) == order.map { model[$0] })
  }

  @Test func `M4: keys with equal hashes are told apart`() {
    var map = TableMap<Colliding, Int>()
    var model: [Int: Int] = [:]
    for change in Self.changes(5_000, keys: 60) {
      map[Colliding(number: change.key)] = change.value
      model[change.key] = change.value
    }
    #expect(map.count == model.count && (0..<60).allSatisfy { map[Colliding(number: $0)] == model[$0] })
  }

  @Test func `M4: copies of a map stay as they were`() {
    var (map, sorted) = (TableMap<Int, Int>(), SortedTableMap<Int, Int>())
    var (copies, model): ([(TableMap<Int, Int>, SortedTableMap<Int, Int>, [Int: Int])], [Int: Int]) = ([], [:])
    for (number, change) in Self.changes(3_000, keys: 200).enumerated() {
      map[change.key] = change.value
      sorted[change.key] = change.value
      model[change.key] = change.value
      if number % 100 == 0 { copies.append((map, sorted, model)) }
    }
    for (map, sorted, model) in copies {
      let expected = model.sorted { $0.key < $1.key }
      #expect(map.entries.sorted { $0.key < $1.key }.elementsEqual(expected, by: ==))
      #expect(sorted.elementsEqual(expected, by: ==))
    }
  }

  @Test(arguments: [5, 40, 3_000])
  func `M4: a sorted map finds keys, neighbours and ranges`(keys: Int) {
    var map = SortedTableMap<Int, Int>()
    var model: [Int: Int] = [:]
    for change in Self.changes(20_000, keys: keys) {
      map[change.key] = change.value
      model[change.key] = change.value
    }
    let expected = model.sorted { $0.key < $1.key }
    #expect(map.count == expected.count && map.elementsEqual(expected, by: ==))
    #expect(map.first?.key == expected.first?.key && map.last?.key == expected.last?.key)
    for key in stride(from: -1, through: keys, by: max(1, keys / 50)) {
      #expect(map[key] == model[key])
      #expect(map.first(after: key)?.key == expected.first { $0.key > key }?.key)
      #expect(map.last(before: key)?.key == expected.last { $0.key < key }?.key)
      #expect(map.entries(from: key).map(\.key) == expected.map(\.key).filter { $0 >= key })
    }
  }

  @Test func `M4: a sorted map stays balanced, in whatever order keys come and go`() {
    var map = SortedTableMap<Colliding, Int>()
    for number in 0..<10_000 { map[Colliding(number: number)] = number }
    for number in 0..<9_000 where number % 10 != 0 { map[Colliding(number: number)] = nil }
    Colliding.comparisons.store(0, ordering: .relaxed)
    let all = map.map(\.key)
    for key in all { #expect(map[key] == key.number) }
    // The depth is at most 2.41 times the logarithm to base 2 (3/4 of the keys may be on one side), with two
    // comparisons at each level.
    let most = Double(all.count) * 2 * 2.41 * 10.8
    #expect(Double(Colliding.comparisons.load(ordering: .relaxed)) < most)
  }

  @Test func `M4: a bag keeps several values for a key, each once`() {
    var bag = TableBag<String, Int>()
    #expect(bag.insert(1, forKey: "a") && bag.insert(2, forKey: "a") && bag.insert(1, forKey: "b"))
    #expect(!bag.insert(1, forKey: "a") && bag["a"] == [1, 2] && bag["c"] == [] && bag.count == 3)
    #expect(bag.remove(1, forKey: "a") && !bag.remove(1, forKey: "a") && bag["a"] == [2] && bag.count == 2)
    #expect(bag.removeValues(forKey: "a") == [2] && bag.removeValues(forKey: "a") == [] && bag.count == 1)
    #expect(bag.entries.map(\.key) == ["b"] && bag.entries.map(\.values) == [[1]])
  }
}
