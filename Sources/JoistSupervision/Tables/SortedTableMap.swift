// SPDX-License-Identifier: Apache-2.0
//
// A map in the order of its keys that is cheap to copy: a balanced binary tree whose nodes never change, so that copies
// share what no change has touched. A subtree has at most three times as many keys as its sibling (Stephen Adams,
// "Efficient sets: a balancing act", 1993, with the parameters of Hirai and Yamamoto, "Balancing weight-balanced
// trees", 2011).

/// A map from keys to values in the order of the keys that is cheap to copy and to change, also while it is shared.
///
/// Finding and changing take a number of steps that grows with the logarithm of the number of keys. A change allocates
/// a node for each of them.
public struct SortedTableMap<Key: Comparable & Sendable, Value: Sendable>: Sendable {
  @usableFromInline typealias Node = SortedTableNode<Key, Value>
  /// A key and its value.
  public typealias Element = (key: Key, value: Value)

  @usableFromInline var root: Node?

  /// Makes an empty map.
  @inlinable public init() {}

  /// The number of keys.
  @inlinable public var count: Int { root?.count ?? 0 }

  /// The value of a key; nil if it has none.
  ///
  /// Setting nil removes the key.
  @inlinable public subscript(key: Key) -> Value? {
    get {
      var node = root
      while let present = node {
        if key < present.key {
          node = present.left
        } else if present.key < key {
          node = present.right
        } else {
          return present.value
        }
      }
      return nil
    }
    set {
      if let newValue {
        root = Node.setting(key, newValue, in: root)
      } else if self[key] != nil {
        root = Node.removing(key, from: root)
      }
    }
  }

  /// The entry with the smallest key.
  @inlinable public var first: Element? { root.map { $0.first.element } }

  /// The entry with the largest key.
  @inlinable public var last: Element? { root.map { $0.last.element } }

  /// Returns the entry with the smallest key above a key, which need not be in the map.
  @inlinable public func first(after key: Key) -> Element? {
    var (node, found): (Node?, Node?) = (root, nil)
    while let present = node {
      if key < present.key { (node, found) = (present.left, present) } else { node = present.right }
    }
    return found?.element
  }

  /// Returns the entry with the largest key below a key, which need not be in the map.
  @inlinable public func last(before key: Key) -> Element? {
    var (node, found): (Node?, Node?) = (root, nil)
    while let present = node {
      if present.key < key { (node, found) = (present.right, present) } else { node = present.left }
    }
    return found?.element
  }

  /// Returns the entries with this key and larger ones, in order, as they are asked for.
  @inlinable public func entries(from key: Key) -> SortedTableEntries<Key, Value> { .init(root, from: key) }
}

extension SortedTableMap: Sequence {
  /// Iterates in the order of the keys.
  @inlinable public func makeIterator() -> SortedTableEntries<Key, Value> { SortedTableEntries(root, from: nil) }
}

/// Entries of a ``SortedTableMap`` in the order of the keys.
public struct SortedTableEntries<Key: Comparable & Sendable, Value: Sendable>: Sequence, IteratorProtocol, Sendable {
  /// The nodes that come next: each before its right subtree and before the node below it in this list.
  @usableFromInline var path: [SortedTableNode<Key, Value>] = []

  @inlinable init(_ root: SortedTableNode<Key, Value>?, from key: Key?) {
    var node = root
    while let present = node {
      if let key, present.key < key {
        node = present.right
      } else {
        path.append(present)
        node = present.left
      }
    }
  }

  /// Returns the next entry.
  @inlinable public mutating func next() -> (key: Key, value: Value)? {
    guard let node = path.popLast() else { return nil }
    var below = node.right
    while let present = below {
      path.append(present)
      below = present.left
    }
    return node.element
  }
}

/// A node of the tree with the subtrees of smaller and larger keys.
@usableFromInline final class SortedTableNode<Key: Comparable & Sendable, Value: Sendable>: Sendable {
  @usableFromInline let left: SortedTableNode?
  @usableFromInline let right: SortedTableNode?
  @usableFromInline let key: Key
  @usableFromInline let value: Value
  @usableFromInline let count: Int

  @inlinable init(_ left: SortedTableNode?, _ key: Key, _ value: Value, _ right: SortedTableNode?) {
    (self.left, self.key, self.value, self.right) = (left, key, value, right)
    count = Self.count(left) + Self.count(right) + 1
  }

  @inlinable var element: (key: Key, value: Value) { (key, value) }

  @inlinable static func count(_ node: SortedTableNode?) -> Int { node?.count ?? 0 }

  @inlinable var first: SortedTableNode {
    var node = self
    while let next = node.left { node = next }
    return node
  }

  @inlinable var last: SortedTableNode {
    var node = self
    while let next = node.right { node = next }
    return node
  }

  @inlinable static func setting(_ key: Key, _ value: Value, in node: SortedTableNode?) -> SortedTableNode {
    guard let node else { return SortedTableNode(nil, key, value, nil) }
    if key < node.key {
      return balanced(setting(key, value, in: node.left), node.key, node.value, node.right)
    } else if node.key < key {
      return balanced(node.left, node.key, node.value, setting(key, value, in: node.right))
    }
    return SortedTableNode(node.left, key, value, node.right)
  }

  @inlinable static func removing(_ key: Key, from node: SortedTableNode?) -> SortedTableNode? {
    guard let node else { return nil }
    if key < node.key { return balanced(removing(key, from: node.left), node.key, node.value, node.right) }
    if node.key < key { return balanced(node.left, node.key, node.value, removing(key, from: node.right)) }
    guard let left = node.left, let right = node.right else { return node.left ?? node.right }
    // The larger side gives its key that is next to the removed one.
    if left.count > right.count {
      let next = left.last
      return balanced(removing(next.key, from: left), next.key, next.value, right)
    }
    let next = right.first
    return balanced(left, next.key, next.value, removing(next.key, from: right))
  }

  /// A node of two subtrees, one of which may have one key too many or too few.
  @inlinable
  static func balanced(
    _ left: SortedTableNode?,
    _ key: Key,
    _ value: Value,
    _ right: SortedTableNode?
  ) -> SortedTableNode {
    let (onLeft, onRight) = (count(left) + 1, count(right) + 1)
    if let right, onRight > 3 * onLeft {
      if count(right.left) + 1 < 2 * (count(right.right) + 1) {
        return SortedTableNode(SortedTableNode(left, key, value, right.left), right.key, right.value, right.right)
      }
      let middle = right.left!
      return SortedTableNode(
        SortedTableNode(left, key, value, middle.left),
        middle.key,
        middle.value,
        SortedTableNode(middle.right, right.key, right.value, right.right)
      )
    }
    if let left, onLeft > 3 * onRight {
      if count(left.right) + 1 < 2 * (count(left.left) + 1) {
        return SortedTableNode(left.left, left.key, left.value, SortedTableNode(left.right, key, value, right))
      }
      let middle = left.right!
      return SortedTableNode(
        SortedTableNode(left.left, left.key, left.value, middle.left),
        middle.key,
        middle.value,
        SortedTableNode(middle.right, key, value, right)
      )
    }
    return SortedTableNode(left, key, value, right)
  }
}
