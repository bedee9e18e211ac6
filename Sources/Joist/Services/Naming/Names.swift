// SPDX-License-Identifier: Apache-2.0
//
// Names of processes.
// NM1. A name is one living process's at most. It goes with its process, before anybody else who watches that process
//      is told: the watch of a name is put in front of others.
// NM2. The table is locked for a look only. It has a name before the process is watched for it; if that has ended by
//      then, the name is taken back.
// NM3. Malloc is not called under the lock, for it may fail: what needs more room has it made before, and what hashing
//      and comparing names takes is taken before, too (`NameKey`).
// NM4. Whoever takes a name away takes the watch back as well, so that a process that is named and unnamed again and
//      again has the watches of its present names alone. The entry is in the table before its watch has a place:
//      whoever takes the name away meanwhile leaves the watch to the one that puts it in.

import Synchronization

/// The names of one runtime.
final class Names: Sendable {
  /// A process that has a name.
  struct Entry: Sendable {
    let record: ProcessHandle
    let id: ProcessID
    let type: MessageType
    /// What tells of its end, and where that is among the process's watches: nowhere before it is put in (NM4).
    fileprivate let watch: NameWatch
    fileprivate var place: Int?
  }

  /// NM2 says what is done under its lock.
  private let entries = Mutex<[NameKey: Entry]>([:])

  /// Gives a name to a process.
  func add(_ name: String, _ record: ProcessHandle, _ id: ProcessID, _ type: MessageType) throws(NameError) {
    Scheduler.beginCall()
    guard !name.isEmpty else { throw .empty }
    let key = NameKey(name)
    let watch = NameWatch(self, key)
    if let holder = put(key, Entry(record: record, id: id, type: type, watch: watch)) {
      throw .taken(name, by: holder)
    }
    guard let place = record.watch(id, watch.asWatch) else {
      _ = take(key, of: watch)
      throw .noProcess
    }
    let isThere = entries.withLock { entries in
      guard var entry = entries[key], entry.watch === watch else { return false }
      entry.place = place
      // Not changed in place: what the compiler makes of that may call malloc.
      entries[key] = entry
      return true
    }
    if !isThere { record.unwatch(place, watch.asWatch) }
  }

  /// Puts a name into the table (NM3); who has it, if somebody does.
  private func put(_ name: NameKey, _ entry: Entry) -> ProcessID? {
    var room: [NameKey: Entry] = [:]
    while true {
      var count = 0
      let (isDone, holder): (Bool, ProcessID?) = entries.withLock { entries in
        if let holder = entries[name] { return (true, holder.id) }
        count = entries.count
        guard entries.hasRoom(&room) else { return (false, nil) }
        entries[name] = entry
        return (true, nil)
      }
      if isDone { return holder }
      room = Dictionary(minimumCapacity: max(4, 2 * count))
    }
  }

  /// Who has a name.
  func find(_ name: String) -> Entry? {
    Scheduler.beginCall()
    let key = NameKey(name)
    return entries.withLock { $0[key] }
  }

  /// The first of a process's names, in order; looked for among all.
  func name(of id: ProcessID) -> String? {
    entries.withLock { entries in
      var first: NameKey?
      // Order: the smallest is found in any.
      for (name, entry) in entries where entry.id == id && first.map({ name.precedes($0) }) ?? true { first = name }
      return first?.name
    }
  }

  /// Takes a name away from whoever has it, and the watch back (NM4).
  func remove(_ name: String) {
    Scheduler.beginCall()
    let key = NameKey(name)
    guard let entry = entries.withLock({ $0.removeValue(forKey: key) }), let place = entry.place else { return }
    entry.record.unwatch(place, entry.watch.asWatch)
  }

  /// Takes a name away that was given with that watch; nil, and nothing is done, when it was given anew meanwhile.
  fileprivate func take(_ name: NameKey, of watch: NameWatch) -> Entry? {
    entries.withLock { $0[name]?.watch === watch ? $0.removeValue(forKey: name) : nil }
  }

  /// All names, sorted.
  var all: [String] {
    Scheduler.beginCall()
    var names: [NameKey] = []
    // Order: they are sorted below.
    while let missing = entries.withLock({ names.fill(from: $0.keys) }) { names.reserveCapacity(missing) }
    return names.map(\.name).sorted()
  }
}

/// A name, and its hash, which is made without the lock: hashing text beyond ASCII calls malloc (NM3).
///
/// Comparing two names that are written alike does not.
private struct NameKey: Hashable {
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

  /// Whether this one's bytes come first; calls no malloc either.
  func precedes(_ other: NameKey) -> Bool { name.utf8.lexicographicallyPrecedes(other.name.utf8) }
}

/// Takes a name away when its process ends (NM1).
private final class NameWatch: Watcher {
  private let names: Names
  private let name: NameKey

  init(_ names: Names, _ name: NameKey) {
    self.names = names
    self.name = name
  }

  var asWatch: Watch { .object(self, isFirst: true) }

  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason) { _ = names.take(name, of: self) }
}
