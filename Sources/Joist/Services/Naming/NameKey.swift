// SPDX-License-Identifier: Apache-2.0
//
// A name as the key of a table that is used under a lock, where malloc is not called.

/// A name and its hash, which is computed without the lock: hashing text beyond ASCII calls malloc.
///
/// Comparing two names with the same bytes does not call it.
struct NameKey: Hashable {
  let name: String
  private let nameHash: Int

  init(_ name: String) {
    self.name = name
    nameHash = name.hashValue
  }

  static func == (one: NameKey, other: NameKey) -> Bool {
    one.nameHash == other.nameHash && one.name == other.name
  }

  func hash(into hasher: inout Hasher) { hasher.combine(nameHash) }

  /// Returns whether this name's bytes come first; does not call malloc either.
  func precedes(_ other: NameKey) -> Bool { name.utf8.lexicographicallyPrecedes(other.name.utf8) }
}
