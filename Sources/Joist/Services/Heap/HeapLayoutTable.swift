// SPDX-License-Identifier: Apache-2.0
//
// The table of all layouts of the program, by key (HL1).

import Synchronization

/// The layouts of the program, by key.
// Sound: a bucket's layout was written before its key, and does not change; buckets are written under the lock.
final class HeapLayoutTable: @unchecked Sendable {
  static let shared = HeapLayoutTable()

  private let tableAddress = Atomic<UInt>(Handle<HashTable>.allocate(HashTable(count: 256)).bits)
  /// The number of types that have a layout.
  private let count = Mutex(0)

  private init() {}

  /// Returns the layout of a key; nil if no type with this key was ever allocated.
  @inline(__always)
  func layout(_ key: UInt) -> Handle<HeapLayout>? { table.it.layout(key) }

  /// Makes a layout for a type if there is none.
  func ensureLayout<Value: BitwiseCopyable>(_ type: Value.Type, _ key: UInt, isArray: Bool) {
    if layout(key) == nil { add(.allocate(HeapLayout(of: type, key: key, isArray: isArray))) }
  }

  /// Adds a layout, or frees it if another thread added one for the same key first.
  private func add(_ layout: Handle<HeapLayout>) {
    var larger: Handle<HashTable>?
    while !count.withLock({ add(layout, &$0, larger) }) {
      // Malloc is called without the lock, because it may fail.
      larger = .allocate(HashTable(count: 2 * table.it.count))
    }
    if self.layout(layout.it.key) != layout { layout.free() }
  }

  /// Adds a layout under the lock; returns false if that requires a larger table.
  private func add(_ layout: Handle<HeapLayout>, _ count: inout Int, _ larger: Handle<HashTable>?) -> Bool {
    let old = table
    guard old.it.layout(layout.it.key) == nil else { return true }
    if 2 * count >= old.it.count {
      guard let larger, larger.it.count > old.it.count else { return false }
      old.it.copy(to: larger)
      // Ordering: pairs with the load in `table` (HL3).
      tableAddress.store(larger.bits, ordering: .releasing)
    }
    table.it.put(layout)
    count += 1
    return true
  }

  private var table: Handle<HashTable> { Handle(address: tableAddress.load(ordering: .acquiring)) }

  /// A hash table with open addressing, whose size is a power of two.
  private struct HashTable: ~Copyable {
    struct Bucket: ~Copyable {
      let key = Atomic<UInt>(0)
      let layout = Atomic<UInt>(0)
    }

    let count: Int
    private let first: Handle<Bucket>

    init(count: Int) {
      self.count = count
      first = Handle.allocate(count: count) { Bucket() }
    }

    // Ordering: the key is stored last and loaded first (HL3).
    func layout(_ key: UInt) -> Handle<HeapLayout>? {
      var index = firstIndex(key)
      while true {
        let bucket = first.advanced(by: index)
        let found = bucket.it.key.load(ordering: .acquiring)
        if found == 0 { return nil }
        if found == key { return Handle(address: bucket.it.layout.load(ordering: .relaxed)) }
        index = (index + 1) & (count - 1)
      }
    }

    func put(_ layout: Handle<HeapLayout>) {
      var index = firstIndex(layout.it.key)
      while first.advanced(by: index).it.key.load(ordering: .relaxed) != 0 { index = (index + 1) & (count - 1) }
      first.advanced(by: index).it.layout.store(layout.bits, ordering: .relaxed)
      first.advanced(by: index).it.key.store(layout.it.key, ordering: .releasing)
    }

    /// Copies all layouts to a larger table.
    func copy(to larger: Handle<HashTable>) {
      for index in 0..<count {
        let layout = Handle<HeapLayout>(bits: first.advanced(by: index).it.layout.load(ordering: .relaxed))
        if let layout { larger.it.put(layout) }
      }
    }

    private func firstIndex(_ key: UInt) -> Int {
      Int(truncatingIfNeeded: (key >> 4) &* 0x9E37_79B9_7F4A_7C15 >> 32) & (count - 1)
    }
  }
}
