// SPDX-License-Identifier: Apache-2.0
//
// The table of a registry, from keys to processes and from processes to keys.
// RT1. A key's `==`, `hash(into:)` and `deinit` are user code, which may trap, take long, or use the registry. They run
//      without the lock (RG3). Under the lock a key is found by its hash, which was computed before, and an `Entry`
//      object stands for it.
// An operation therefore searches for the entry of a key without the lock, in a copy of the list of entries that have
// the key's hash. The list may have changed when the operation takes the lock again; then it searches anew.
// An operation that removes entries keeps references to them until it has released the lock, because releasing the
// last reference destroys the key.

import Joist
import Synchronization

/// The entries of a registry.
final class RegistryTable<Key: Hashable & Sendable, Message: ~Copyable>: Sendable {
  /// A key and the processes under it.
  // Sound: the variable fields are accessed only under the table's lock.
  private final class Entry: @unchecked Sendable {
    let key: Key
    let hash: Int
    var members = RegistryMembers<Message>()
    /// Whether the entry has been removed from the table.
    var isGone = false

    init(_ key: Key, hash: Int) {
      self.key = key
      self.hash = hash
    }
  }

  private struct State {
    /// The entries by the hash of their key, several if their keys have equal hashes.
    var entries: [Int: [Entry]] = [:]
    /// The entries of each watched process; empty for a process that has been removed from its last key.
    var keys: [ProcessRef<Message>: [Entry]] = [:]
    /// The number of pairs of a key and a process.
    var count = 0
  }

  /// The result of a search for a key's entry, which was made without the lock and may be outdated.
  private struct Sighting {
    let hash: Int
    /// The entries that had the key's hash.
    let entries: [Entry]
    /// The key's entry, or nil if it had none.
    let entry: Entry?
  }

  private let areUnique: Bool
  private let state = Mutex(State())

  /// Creates an empty table.
  init(_ keys: RegistryKeys) { areUnique = keys == .unique }

  /// The number of pairs of a key and a process.
  var count: Int { state.withLock { $0.count } }

  /// Returns the processes under a key, including those that have ended but are not removed yet (RG2).
  func all(_ key: Key) -> [ProcessRef<Message>] {
    guard let entry = look(for: key).entry else { return [] }
    return state.withLock { _ in entry.members.all }
  }

  /// Returns the keys of a process.
  func keys(of ref: ProcessRef<Message>) -> [Key] {
    let entries = state.withLock { $0.keys[ref] ?? [] }
    return entries.map { $0.key }
  }

  /// Searches for the entry of a key; takes the lock only to copy the entries that have its hash (RT1).
  private func look(for key: Key) -> Sighting {
    let hash = key.hashValue
    let entries = state.withLock { $0.entries[hash] ?? [] }
    return Sighting(hash: hash, entries: entries, entry: entries.first { $0.key == key })
  }

  /// Adds a process to a key.
  ///
  /// Returns true if the process is new in the table, so that the watcher must monitor it.
  func add(_ ref: ProcessRef<Message>, _ key: Key) throws(RegistryError) -> Bool {
    while true {
      let sighting = look(for: key)
      var dead: ProcessRef<Message>?
      if areUnique, let entry = sighting.entry {
        let holder = state.withLock { _ in entry.members.first }
        if let holder, holder != ref {
          if holder.isAlive { throw .taken(by: holder.id) }
          dead = holder  // RG2
        }
      }
      if let isNew = put(ref, key, sighting, insteadOf: dead) { return isNew }
    }
  }

  /// Adds a process to a key, and removes a dead holder of the unique key.
  ///
  /// Returns what `add` returns, or nil if the table has changed since the search.
  private func put(
    _ ref: ProcessRef<Message>,
    _ key: Key,
    _ sighting: Sighting,
    insteadOf dead: ProcessRef<Message>?
  ) -> Bool? {
    let entry = sighting.entry ?? Entry(key, hash: sighting.hash)
    return state.withLock { state in
      if sighting.entry == nil {
        guard state.entries[entry.hash, default: []].elementsEqual(sighting.entries, by: ===) else { return nil }
        state.entries[entry.hash, default: []].append(entry)
      } else {
        guard !entry.isGone else { return nil }
        if areUnique, let first = entry.members.first, first != ref, first != dead { return nil }
      }
      guard entry.members.add(ref) else { return false }
      state.count += 1
      // The new process is added first: an entry that becomes empty is removed from the table.
      if let dead { Self.remove(dead, entry, &state) }
      let isNew = state.keys[ref] == nil
      state.keys[ref, default: []].append(entry)
      return isNew
    }
  }

  /// Removes a process from one key.
  func remove(_ ref: ProcessRef<Message>, from key: Key) {
    guard let entry = look(for: key).entry else { return }
    state.withLock { Self.remove(ref, entry, &$0) }
    withExtendedLifetime(entry) {}  // The key may be destroyed only here, after the lock is released.
  }

  /// Removes a process that has ended from all its keys.
  func remove(_ ref: ProcessRef<Message>) {
    let entries = state.withLock { state in
      let entries = state.keys.removeValue(forKey: ref) ?? []
      for entry in entries { Self.removeMember(ref, entry, &state) }
      return entries
    }
    withExtendedLifetime(entries) {}  // The keys may be destroyed only here, after the lock is released.
  }

  /// Removes a process from an entry, and the entry from the process's list.
  private static func remove(_ ref: ProcessRef<Message>, _ entry: Entry, _ state: inout State) {
    guard removeMember(ref, entry, &state) else { return }
    state.keys[ref]?.removeAll { $0 === entry }
  }

  /// Removes a process from an entry, and the entry from the table if it becomes empty.
  ///
  /// Returns false if the process is not under that key.
  @discardableResult
  private static func removeMember(_ ref: ProcessRef<Message>, _ entry: Entry, _ state: inout State) -> Bool {
    guard entry.members.remove(ref) else { return false }
    state.count -= 1
    if entry.members.count == 0 {
      entry.isGone = true
      state.entries[entry.hash]?.removeAll { $0 === entry }
      if state.entries[entry.hash]?.isEmpty == true { state.entries[entry.hash] = nil }
    }
    return true
  }
}

/// The processes under one key, in the order of their registration.
///
/// Removing a process leaves a gap in the array. When half of the array is gaps, it is compacted.
struct RegistryMembers<Message: ~Copyable> {
  private var refs: [ProcessRef<Message>?] = []
  /// The index of each process in `refs`; filled only while `refs` is longer than `linearLimit`.
  private var indices: [ProcessRef<Message>: Int] = [:]
  /// The number of processes, without the gaps.
  private(set) var count = 0

  /// The length of the array up to which a linear search finds a process.
  private static var linearLimit: Int { 16 }

  /// The processes in the order of their registration.
  var all: [ProcessRef<Message>] { refs.compactMap { $0 } }

  /// The process that was registered first.
  var first: ProcessRef<Message>? { refs.first { $0 != nil } ?? nil }

  /// Adds a process; returns false if it is already there.
  mutating func add(_ ref: ProcessRef<Message>) -> Bool {
    guard index(of: ref) == nil else { return false }
    refs.append(ref)
    count += 1
    if refs.count == Self.linearLimit + 1 {
      rebuildIndices()
    } else if refs.count > Self.linearLimit {
      indices[ref] = refs.count - 1
    }
    return true
  }

  /// Removes a process; returns false if it is not there.
  mutating func remove(_ ref: ProcessRef<Message>) -> Bool {
    guard let index = index(of: ref) else { return false }
    refs[index] = nil
    indices[ref] = nil
    count -= 1
    if count <= refs.count / 2 {
      refs.removeAll { $0 == nil }
      rebuildIndices()
    }
    return true
  }

  private func index(of ref: ProcessRef<Message>) -> Int? {
    refs.count > Self.linearLimit ? indices[ref] : refs.firstIndex(of: ref)
  }

  private mutating func rebuildIndices() {
    indices = [:]
    guard refs.count > Self.linearLimit else { return }
    for case (let index, let ref?) in refs.enumerated() { indices[ref] = index }
  }
}
