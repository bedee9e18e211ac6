// SPDX-License-Identifier: Apache-2.0
//
// All layouts of the program (HL1).

import Synchronization

/// Layouts by number, and numbers by key.
// Sound: layouts are written once, under the lock, before their number is known to anybody.
@safe
final class HeapLayoutTable: @unchecked Sendable {
  static let shared = HeapLayoutTable()

  /// All of them; number 0 is none.
  let layouts: Handle<HeapLayout>
  private let places = Atomic<UInt>(0)
  /// How many numbers there are; changed under the lock.
  // Ordering: released before a key is, so whoever found a number by its key sees more numbers than that here.
  private let known = Atomic<Int>(1)
  private let lock = Mutex(())

  private init() {
    unsafe layouts = Handle(.allocate(capacity: Limits.heapTypesMost))
    places.store(Handle<Places>.allocate(Places(count: 256)).bits, ordering: .relaxed)
  }

  /// More than any number that a heap may have met so far.
  var count: UInt { UInt(known.load(ordering: .acquiring)) }

  /// The number of a type's layout, made now if it has none.
  func number<Value: BitwiseCopyable>(of type: Value.Type, isArray: Bool) -> UInt {
    let key = isArray ? HeapLayout.arrayKey(type) : HeapLayout.key(type)
    if let number = table.it.number(of: key) { return number }
    guard let number = add(HeapLayout(of: type, key: key, isArray: isArray)) else {
      fatalError("Joist: more than \(Limits.heapTypesMost) types are on heaps")
    }
    return number
  }

  /// Nil when there are as many as there may be.
  private func add(_ layout: HeapLayout) -> UInt? {
    lock.withLock { _ in
      if let number = table.it.number(of: layout.key) { return number }
      let count = known.load(ordering: .relaxed)
      guard count < Limits.heapTypesMost else { return nil }
      // Sound: nobody has this number yet.
      unsafe layouts.advanced(by: count).pointer.initialize(to: layout)
      // Ordering: before anybody can find the number.
      known.store(count + 1, ordering: .releasing)
      add(layout.key, count)
      return UInt(count)
    }
  }

  private var table: Handle<Places> { Handle(address: places.load(ordering: .acquiring)) }

  /// Under the lock.
  private func add(_ key: UInt, _ number: Int) {
    if 2 * number > table.it.count {
      let larger = Handle<Places>.allocate(Places(count: 2 * table.it.count))
      for known in 1..<number { larger.it.put(layouts.advanced(by: known).it.key, UInt(known)) }
      // Ordering: pairs with the load in `table` (HL3).
      places.store(larger.bits, ordering: .releasing)
    }
    table.it.put(key, UInt(number))
  }

  /// An open table of a power of two places.
  private struct Places: ~Copyable {
    struct Place: ~Copyable {
      let key = Atomic<UInt>(0)
      let number = Atomic<UInt>(0)
    }

    let count: Int
    private let first: Handle<Place>

    init(count: Int) {
      self.count = count
      first = Handle.allocate(count: count) { Place() }
    }

    // Ordering: the key is stored last and loaded first (HL3).
    func number(of key: UInt) -> UInt? {
      var index = begin(key)
      while true {
        let place = first.advanced(by: index)
        let found = place.it.key.load(ordering: .acquiring)
        if found == key { return place.it.number.load(ordering: .relaxed) }
        if found == 0 { return nil }
        index = (index + 1) & (count - 1)
      }
    }

    func put(_ key: UInt, _ number: UInt) {
      var index = begin(key)
      while first.advanced(by: index).it.key.load(ordering: .relaxed) != 0 { index = (index + 1) & (count - 1) }
      first.advanced(by: index).it.number.store(number, ordering: .relaxed)
      first.advanced(by: index).it.key.store(key, ordering: .releasing)
    }

    private func begin(_ key: UInt) -> Int {
      Int(truncatingIfNeeded: (key >> 4) &* 0x9E37_79B9_7F4A_7C15 >> 32) & (count - 1)
    }
  }
}
