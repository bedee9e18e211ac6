// SPDX-License-Identifier: Apache-2.0
//
// Several values for a key.

/// A map from keys to several values each that is cheap to copy and to change, also while it is shared.
///
/// A change takes time in proportion to the number of values that the key has.
public struct TableBag<Key: Hashable & Sendable, Value: Equatable & Sendable>: Sendable {
  @usableFromInline var lists = TableMap<Key, [Value]>()
  @usableFromInline var values = 0

  /// Makes an empty bag.
  @inlinable public init() {}

  /// The number of values of all keys.
  @inlinable public var count: Int { values }

  /// The values of a key in the order in which they were inserted; empty if it has none.
  @inlinable public subscript(key: Key) -> [Value] { lists[key] ?? [] }

  /// Adds a value to those of a key.
  ///
  /// - Returns: False if the key has an equal value already; then nothing changes.
  @inlinable @discardableResult
  public mutating func insert(_ value: Value, forKey key: Key) -> Bool {
    var values = self[key]
    if values.contains(value) { return false }
    values.append(value)
    lists[key] = values
    self.values += 1
    return true
  }

  /// Removes a value from those of a key.
  ///
  /// - Returns: Whether it was there.
  @inlinable @discardableResult
  public mutating func remove(_ value: Value, forKey key: Key) -> Bool {
    var values = self[key]
    guard let index = values.firstIndex(of: value) else { return false }
    values.remove(at: index)
    lists[key] = values.isEmpty ? nil : values
    self.values -= 1
    return true
  }

  /// Removes all values of a key, and returns them.
  @inlinable @discardableResult
  public mutating func removeValues(forKey key: Key) -> [Value] {
    let values = self[key]
    lists[key] = nil
    self.values -= values.count
    return values
  }

  /// All keys with their values, in the order in which the keys were inserted.
  @inlinable public var entries: [(key: Key, values: [Value])] { lists.entries.map { ($0.key, $0.value) } }
}
