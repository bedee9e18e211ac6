// SPDX-License-Identifier: Apache-2.0
//
// The table of a registry: from key to processes and from process to keys.
// RT1. A key's `==`, `hash(into:)` and `deinit` are a user's code, which may trap, take its time, or use the registry.
//      It runs without the lock (RG3). Under the lock a key is found by its hash, which was asked for before, and an
//      entry stands for it.
// RT2. So an entry is looked for without the lock, among those that were seen to have the key's hash. What was seen may
//      have changed when the lock is taken again: then it is looked for anew.
// RT3. Whoever takes an entry out holds it until the lock is let go, for that may destroy the key.

import Joist
import Synchronization

final class RegistryTable<Key: Hashable & Sendable, Message: ~Copyable>: Sendable {
  /// A key and the processes under it.
  // Sound: what varies is touched under the table's lock.
  private final class Entry: @unchecked Sendable {
    let key: Key
    let hash: Int
    var members = RegistryMembers<Message>()
    /// It was taken out of the table, and is no key's any more.
    var isGone = false

    init(_ key: Key, hash: Int) {
      self.key = key
      self.hash = hash
    }
  }

  private struct State {
    /// By the hash of their keys: one, or several where keys share it.
    var entries: [Int: [Entry]] = [:]
    /// Of each process that is watched, also when it has none any more.
    var keys: [ProcessRef<Message>: [Entry]] = [:]
    var count = 0
  }

  /// What was seen of a key without the lock (RT2).
  private struct Sighting {
    let hash: Int
    /// Those that have its hash.
    let entries: [Entry]
    /// Its own, if it has one.
    let entry: Entry?
  }

  private let areUnique: Bool
  private let state = Mutex(State())

  init(_ keys: RegistryKeys) { areUnique = keys == .unique }

  var count: Int { state.withLock { $0.count } }

  func all(_ key: Key) -> [ProcessRef<Message>] {
    guard let entry = look(for: key).entry else { return [] }
    return state.withLock { _ in entry.members.all }
  }

  func keys(of ref: ProcessRef<Message>) -> [Key] {
    let entries = state.withLock { $0.keys[ref] ?? [] }
    return entries.map { $0.key }
  }

  private func look(for key: Key) -> Sighting {
    let hash = key.hashValue
    let entries = state.withLock { $0.entries[hash] ?? [] }
    return Sighting(hash: hash, entries: entries, entry: entries.first { $0.key == key })
  }

  /// Puts a process under a key; true when it is new here and is to be watched.
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

  /// Nil when what was seen has changed (RT2).
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
      // After the other one, so that the entry is never empty meanwhile.
      if let dead { Self.remove(dead, entry, &state) }
      let isNew = state.keys[ref] == nil
      state.keys[ref, default: []].append(entry)
      return isNew
    }
  }

  /// Takes a process away from one key.
  func remove(_ ref: ProcessRef<Message>, from key: Key) {
    guard let entry = look(for: key).entry else { return }
    state.withLock { Self.remove(ref, entry, &$0) }
    withExtendedLifetime(entry) {}  // RT3
  }

  /// Takes a process away from all keys: it has ended.
  func remove(_ ref: ProcessRef<Message>) {
    let entries = state.withLock { state in
      let entries = state.keys.removeValue(forKey: ref) ?? []
      for entry in entries { Self.removeMember(ref, entry, &state) }
      return entries
    }
    withExtendedLifetime(entries) {}  // RT3
  }

  private static func remove(_ ref: ProcessRef<Message>, _ entry: Entry, _ state: inout State) {
    guard removeMember(ref, entry, &state) else { return }
    state.keys[ref]?.removeAll { $0 === entry }
  }

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

/// The processes under one key, in the order in which they came; one that leaves leaves a gap, until half are gaps.
struct RegistryMembers<Message: ~Copyable> {
  private var refs: [ProcessRef<Message>?] = []
  /// Where each is, once there are many.
  private var places: [ProcessRef<Message>: Int] = [:]
  private(set) var count = 0

  /// So many are found by looking at each.
  private static var few: Int { 16 }

  var all: [ProcessRef<Message>] { refs.compactMap { $0 } }

  /// The one that came first.
  var first: ProcessRef<Message>? { refs.first { $0 != nil } ?? nil }

  /// False for one that is in it.
  mutating func add(_ ref: ProcessRef<Message>) -> Bool {
    guard place(of: ref) == nil else { return false }
    refs.append(ref)
    count += 1
    if refs.count == Self.few + 1 { notePlaces() } else if refs.count > Self.few { places[ref] = refs.count - 1 }
    return true
  }

  /// False for one that is not in it.
  mutating func remove(_ ref: ProcessRef<Message>) -> Bool {
    guard let place = place(of: ref) else { return false }
    refs[place] = nil
    places[ref] = nil
    count -= 1
    if count <= refs.count / 2 {
      refs.removeAll { $0 == nil }
      notePlaces()
    }
    return true
  }

  private func place(of ref: ProcessRef<Message>) -> Int? {
    refs.count > Self.few ? places[ref] : refs.firstIndex(of: ref)
  }

  private mutating func notePlaces() {
    places = [:]
    guard refs.count > Self.few else { return }
    for case (let place, let ref?) in refs.enumerated() { places[ref] = place }
  }
}
