// SPDX-License-Identifier: Apache-2.0
//
// All layouts of the program (HL1).

import Synchronization

/// Layouts by key.
// Sound: what a place leads to was written before its key was, and does not change; places are written under the lock.
final class HeapLayoutTable: @unchecked Sendable {
  static let shared = HeapLayoutTable()

  private let places = Atomic<UInt>(Handle<SlotMap>.allocate(SlotMap(count: 256)).bits)
  /// How many types have a layout.
  private let count = Mutex(0)

  private init() {}

  /// What objects of a type look like; nil when no type that has this key was ever allocated.
  @inline(__always)
  func layout(_ key: UInt) -> Handle<HeapLayout>? { table.it.layout(key) }

  /// Makes a layout for a type, if there is none.
  func know<Value: BitwiseCopyable>(_ type: Value.Type, _ key: UInt, isArray: Bool) {
    if layout(key) == nil { add(.allocate(HeapLayout(of: type, key: key, isArray: isArray))) }
  }

  /// Adds a layout, or frees it where somebody was faster.
  private func add(_ layout: Handle<HeapLayout>) {
    var larger: Handle<SlotMap>?
    while !count.withLock({ add(layout, &$0, larger) }) {
      // Malloc is called without the lock, for it may fail.
      larger = .allocate(SlotMap(count: 2 * table.it.count))
    }
    if self.layout(layout.it.key) != layout { layout.free() }
  }

  /// Under the lock; false when that takes a larger table.
  private func add(_ layout: Handle<HeapLayout>, _ count: inout Int, _ larger: Handle<SlotMap>?) -> Bool {
    let old = table
    guard old.it.layout(layout.it.key) == nil else { return true }
    if 2 * count >= old.it.count {
      guard let larger, larger.it.count > old.it.count else { return false }
      old.it.copy(to: larger)
      // Ordering: pairs with the load in `table` (HL3).
      places.store(larger.bits, ordering: .releasing)
    }
    table.it.put(layout)
    count += 1
    return true
  }

  private var table: Handle<SlotMap> { Handle(address: places.load(ordering: .acquiring)) }

  /// An open table of a power of two places.
  private struct SlotMap: ~Copyable {
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
      var index = begin(key)
      while true {
        let place = first.advanced(by: index)
        let found = place.it.key.load(ordering: .acquiring)
        if found == 0 { return nil }
        if found == key { return Handle(address: place.it.layout.load(ordering: .relaxed)) }
        index = (index + 1) & (count - 1)
      }
    }

    func put(_ layout: Handle<HeapLayout>) {
      var index = begin(layout.it.key)
      while first.advanced(by: index).it.key.load(ordering: .relaxed) != 0 { index = (index + 1) & (count - 1) }
      first.advanced(by: index).it.layout.store(layout.bits, ordering: .relaxed)
      first.advanced(by: index).it.key.store(layout.it.key, ordering: .releasing)
    }

    /// Puts all that is here there, too.
    func copy(to larger: Handle<SlotMap>) {
      for index in 0..<count {
        let layout = Handle<HeapLayout>(bits: first.advanced(by: index).it.layout.load(ordering: .relaxed))
        if let layout { larger.it.put(layout) }
      }
    }

    private func begin(_ key: UInt) -> Int {
      Int(truncatingIfNeeded: (key >> 4) &* 0x9E37_79B9_7F4A_7C15 >> 32) & (count - 1)
    }
  }
}
