// SPDX-License-Identifier: Apache-2.0
//
// What is done with one key of a table.

/// Contents of a table that have one value for a key.
public protocol TableContents: Sendable {
  /// The type of the keys.
  associatedtype Key: Sendable
  /// The type of the values.
  associatedtype Value: Sendable

  /// The value of a key; nil if it has none.
  ///
  /// Setting nil removes the key.
  subscript(key: Key) -> Value? { get set }

  /// The number of keys.
  var count: Int { get }
}

extension TableMap: TableContents {}
extension SortedTableMap: TableContents {}

extension OwnedTable where Contents: TableContents {
  /// The number of keys.
  public var count: Int {
    @inlinable get throws(TableError) { try contents.count }
  }

  /// The value of a key; nil if it has none.
  public subscript(key: Contents.Key) -> Contents.Value? {
    @inlinable get throws(TableError) { try contents[key] }
  }

  /// Sets the value of a key, and returns the one that it had.
  ///
  /// - Throws: A ``TableError``.
  @inlinable @discardableResult
  public func updateValue(
    _ value: Contents.Value,
    forKey key: Contents.Key
  ) throws(TableError) -> Contents.Value? {
    try exchange(key, value)
  }

  /// Sets the value of a key that has none.
  ///
  /// - Returns: False if the key has a value already; then nothing changes.
  /// - Throws: A ``TableError``.
  @inlinable @discardableResult
  public func insert(_ value: Contents.Value, forKey key: Contents.Key) throws(TableError) -> Bool {
    try change { contents in
      let isNew = contents[key] == nil
      if isNew { contents[key] = value }
      return Result<_, Never>.success(isNew)
    }.get()
  }

  /// Removes a key, and returns the value that it had.
  ///
  /// - Throws: A ``TableError``.
  @inlinable @discardableResult
  public func removeValue(forKey key: Contents.Key) throws(TableError) -> Contents.Value? {
    try exchange(key, nil)
  }

  /// Sets or removes the value of a key, and returns the one that it had.
  @inlinable
  func exchange(_ key: Contents.Key, _ value: Contents.Value?) throws(TableError) -> Contents.Value? {
    try change { contents in
      let old = contents[key]
      contents[key] = value
      return Result<_, Never>.success(old)
    }.get()
  }

  /// Changes the value of a key as a whole: a counter, for example.
  ///
  /// If several processes may write, the closure is called again when another change came first.
  ///
  /// - Throws: What the closure throws, and then nothing changes; a ``TableError``.
  @inlinable @discardableResult
  public func update<Value>(_ key: Contents.Key, _ body: (inout Contents.Value?) throws -> Value) throws -> Value {
    try update { try body(&$0[key]) }
  }
}

extension OwnedTable {
  /// The values of a key of a bag, in the order in which they were inserted; empty if it has none.
  public subscript<Key, Value>(key: Key) -> [Value] where Contents == TableBag<Key, Value> {
    @inlinable get throws(TableError) { try contents[key] }
  }
}
