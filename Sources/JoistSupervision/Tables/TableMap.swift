// SPDX-License-Identifier: Apache-2.0
//
// A map that is cheap to copy: copies share all memory that no change has touched. It is a hash array mapped trie (Phil
// Bagwell, "Ideal Hash Trees", 2001): five bits of a key's hash choose the slot of a node at each level.
// TM1. Keys with equal hashes are in one slot. Two different hashes part at some level, so a node of one slot has a
//      node in it.

/// A map from keys to values that is cheap to copy and to change, also while it is shared.
///
/// A change of a copy allocates a node for each level, of which there are four for a million keys. Iteration is in the
/// order in which the keys were inserted.
public struct TableMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  @usableFromInline var root = TableNode<Key, Value>()
  @usableFromInline var keys = 0
  /// The number of keys that were ever inserted.
  @usableFromInline var insertions: UInt64 = 0

  /// Makes an empty map.
  @inlinable public init() {}

  /// The number of keys.
  @inlinable public var count: Int { keys }

  /// The value of a key; nil if it has none.
  ///
  /// Setting nil removes the key.
  @inlinable public subscript(key: Key) -> Value? {
    get { root.entry(key, hash: key.hashValue)?.value }
    set {
      let hash = key.hashValue
      let old = root.entry(key, hash: hash)
      if let newValue {
        if old == nil { (keys, insertions) = (keys + 1, insertions + 1) }
        root.set(TableEntry(hash, key, newValue, number: old?.number ?? insertions), from: 0)
      } else if old != nil {
        keys -= 1
        root.remove(key, hash: hash, from: 0)
      }
    }
  }

  /// All keys and values, in the order in which the keys were inserted.
  ///
  /// Takes the time of a sort.
  @inlinable public var entries: [(key: Key, value: Value)] {
    var all: [TableEntry<Key, Value>] = []
    all.reserveCapacity(keys)
    root.add(to: &all)
    return all.sorted { $0.number < $1.number }.map { ($0.key, $0.value) }
  }
}

extension TableMap: Sequence {
  /// Iterates over ``entries``.
  @inlinable public func makeIterator() -> IndexingIterator<[(key: Key, value: Value)]> { entries.makeIterator() }
}

/// A key with its value.
@usableFromInline struct TableEntry<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  @usableFromInline let hash: Int
  @usableFromInline let key: Key
  @usableFromInline let value: Value
  /// The number of its insertion.
  @usableFromInline let number: UInt64

  @inlinable init(_ hash: Int, _ key: Key, _ value: Value, number: UInt64) {
    (self.hash, self.key, self.value, self.number) = (hash, key, value, number)
  }
}

/// A node of the trie.
@usableFromInline struct TableNode<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  @usableFromInline typealias Entry = TableEntry<Key, Value>

  /// What is behind five bits of a hash.
  @usableFromInline enum Slot: Sendable {
    case entry(Entry)
    /// Two or more keys with equal hashes (TM1).
    case entries([Entry])
    case node(TableNode)
    /// In the middle of a change.
    case vacant
  }

  /// Bit n is set if there is a slot for the bits n.
  @usableFromInline var bits: UInt32 = 0
  /// The slots in the order of their bits.
  @usableFromInline var slots: [Slot] = []

  @inlinable init() {}

  @inlinable init(_ bits: UInt32, _ slots: [Slot]) { (self.bits, self.slots) = (bits, slots) }

  @inlinable static func bit(_ hash: Int, _ shift: Int) -> UInt32 { 1 << UInt32((hash >> shift) & 31) }

  /// The index of the slot for a bit.
  @inlinable func index(_ bit: UInt32) -> Int { (bits & (bit &- 1)).nonzeroBitCount }

  /// Returns the entry of a key.
  @inlinable func entry(_ key: Key, hash: Int) -> Entry? {
    var (node, shift) = (self, 0)
    while true {
      let bit = Self.bit(hash, shift)
      guard node.bits & bit != 0 else { return nil }
      switch node.slots[node.index(bit)] {
      case .node(let next): (node, shift) = (next, shift + 5)
      case .entry(let entry): return entry.hash == hash && entry.key == key ? entry : nil
      case .entries(let entries): return entries.first { $0.hash == hash && $0.key == key }
      case .vacant: return nil
      }
    }
  }

  /// Adds an entry, or replaces that of the same key, in a node that is `shift` bits deep.
  @inlinable mutating func set(_ new: Entry, from shift: Int) {
    let bit = Self.bit(new.hash, shift)
    let index = index(bit)
    guard bits & bit != 0 else {
      bits |= bit
      return slots.insert(.entry(new), at: index)
    }
    let old = slots[index]
    // A slot that is still referred to from here would be copied with all that is in it.
    slots[index] = .vacant
    slots[index] = Self.adding(new, to: old, from: shift + 5)
  }

  @inlinable static func adding(_ new: Entry, to slot: consuming Slot, from shift: Int) -> Slot {
    switch consume slot {
    case .vacant: return .entry(new)
    case .node(var node):
      node.set(new, from: shift)
      return .node(node)
    case .entry(let old):
      if old.hash != new.hash { return joined(.entry(old), old.hash, new, from: shift) }
      return old.key == new.key ? .entry(new) : .entries([old, new])
    case .entries(var entries):
      if entries[0].hash != new.hash { return joined(.entries(entries), entries[0].hash, new, from: shift) }
      let index = entries.firstIndex { $0.key == new.key }
      if let index { entries[index] = new } else { entries.append(new) }
      return .entries(entries)
    }
  }

  /// A node with a slot and an entry of another hash (TM1).
  @inlinable static func joined(_ slot: Slot, _ hash: Int, _ new: Entry, from shift: Int) -> Slot {
    let (bit, newBit) = (Self.bit(hash, shift), Self.bit(new.hash, shift))
    if bit == newBit { return .node(TableNode(bit, [joined(slot, hash, new, from: shift + 5)])) }
    return .node(TableNode(bit | newBit, bit < newBit ? [slot, .entry(new)] : [.entry(new), slot]))
  }

  /// Removes the entry of a key that is there.
  @inlinable mutating func remove(_ key: Key, hash: Int, from shift: Int) {
    let bit = Self.bit(hash, shift)
    let index = index(bit)
    let old = slots[index]
    slots[index] = .vacant
    if let rest = Self.removing(key, hash, from: old, shift + 5) {
      slots[index] = rest
    } else {
      slots.remove(at: index)
      bits &= ~bit
    }
  }

  @inlinable static func removing(_ key: Key, _ hash: Int, from slot: consuming Slot, _ shift: Int) -> Slot? {
    switch consume slot {
    case .vacant, .entry: return nil
    case .entries(var entries):
      entries.removeAll { $0.key == key }
      return entries.count == 1 ? .entry(entries[0]) : .entries(entries)
    case .node(var node):
      node.remove(key, hash: hash, from: shift)
      guard node.slots.count == 1 else { return .node(node) }
      // TM1
      if case .node = node.slots[0] { return .node(node) }
      return node.slots[0]
    }
  }

  /// Adds all entries below to a list.
  @inlinable func add(to all: inout [Entry]) {
    for slot in slots {
      switch slot {
      case .entry(let entry): all.append(entry)
      case .entries(let entries): all += entries
      case .node(let node): node.add(to: &all)
      case .vacant: break
      }
    }
  }
}
