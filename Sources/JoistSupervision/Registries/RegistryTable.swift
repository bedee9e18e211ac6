// SPDX-License-Identifier: Apache-2.0
//
// The table of a registry: from key to processes and from process to keys, under one lock (RG3).

import Joist
import Synchronization

final class RegistryTable<Key: Hashable & Sendable, Message: ~Copyable>: Sendable {
  private struct State {
    var members: [Key: RegistryMembers<Message>] = [:]
    /// Of each process that is watched, also when it has none any more.
    var keys: [ProcessRef<Message>: [Key]] = [:]
    var count = 0
  }

  private let areUnique: Bool
  private let state = Mutex(State())

  init(_ keys: RegistryKeys) { areUnique = keys == .unique }

  var count: Int { state.withLock { $0.count } }

  func all(_ key: Key) -> [ProcessRef<Message>] { state.withLock { $0.members[key]?.all ?? [] } }

  func keys(of ref: ProcessRef<Message>) -> [Key] { state.withLock { $0.keys[ref] ?? [] } }

  /// Puts a process under a key; true when it is new here and is to be watched.
  func add(_ ref: ProcessRef<Message>, _ key: Key) throws(RegistryError) -> Bool {
    let result = state.withLock { state -> Result<Bool, RegistryError> in
      if areUnique, let holder = state.members[key]?.all.first, holder != ref {
        if holder.isAlive { return .failure(.taken(by: holder.id)) }
        Self.remove(holder, key, &state)  // RG2
      }
      guard state.members[key, default: RegistryMembers()].add(ref) else { return .success(false) }
      state.count += 1
      let isNew = state.keys[ref] == nil
      state.keys[ref, default: []].append(key)
      return .success(isNew)
    }
    return try result.get()
  }

  /// Takes a process away from one key.
  func remove(_ ref: ProcessRef<Message>, from key: Key) {
    state.withLock { Self.remove(ref, key, &$0) }
  }

  /// Takes a process away from all keys: it has ended.
  func remove(_ ref: ProcessRef<Message>) {
    state.withLock { state in
      for key in state.keys[ref] ?? [] { Self.removeMember(ref, key, &state) }
      state.keys[ref] = nil
    }
  }

  private static func remove(_ ref: ProcessRef<Message>, _ key: Key, _ state: inout State) {
    guard removeMember(ref, key, &state) else { return }
    state.keys[ref]?.removeAll { $0 == key }
  }

  @discardableResult
  private static func removeMember(_ ref: ProcessRef<Message>, _ key: Key, _ state: inout State) -> Bool {
    guard state.members[key]?.remove(ref) == true else { return false }
    state.count -= 1
    if state.members[key]?.count == 0 { state.members[key] = nil }
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
