// SPDX-License-Identifier: Apache-2.0
//
// The registered names of processes.
//
// A name belongs to at most one living process. It is removed when the process ends, before any other watcher of the
// process is told: the watch of a name is put in front of other watches.
//
// The table is locked only for a look. A name is in the table before its process is watched; if the process has ended
// by then, the name is removed again. Malloc is not called under the lock, because it may fail: spare capacity is
// allocated before, and the hash of a name is computed before, too (`NameKey`).
//
// Code that removes a name also removes the watch, so a process that is named and unnamed repeatedly has only the
// watches of its current names. The entry is in the table before its watch has an index: if another thread removes the
// name meanwhile, the thread that adds the watch removes it.

import Synchronization

/// The names of one runtime.
final class Names: Sendable {
  /// A process that has a name.
  struct Entry: Sendable {
    let record: ProcessHandle
    let id: ProcessID
    let type: MessageType
    /// The watch that tells of the process's end, and its index among the process's watches; nil before it is added.
    fileprivate let watch: NameWatch
    fileprivate var watchIndex: Int?
    /// The name that the process was given before this one, if it still has that.
    fileprivate var earlier: NameKey?
  }

  /// The table; the lock is held only for a look.
  private let table = Mutex(NameTable())

  /// Gives a name to a process.
  func add(_ name: String, _ record: ProcessHandle, _ id: ProcessID, _ type: MessageType) throws(NameError) {
    Scheduler.beginCall()
    guard !name.isEmpty else { throw .empty }
    let key = NameKey(name)
    let watch = NameWatch(self, key)
    if let holder = put(key, Entry(record: record, id: id, type: type, watch: watch)) {
      throw .taken(name, by: holder)
    }
    guard let watchIndex = record.watch(id, watch.asWatch) else {
      _ = take(key, of: watch)
      throw .noProcess
    }
    let isThere = table.withLock { table in
      guard var entry = table.entries[key], entry.watch === watch else { return false }
      entry.watchIndex = watchIndex
      table.entries[key] = entry
      return true
    }
    if !isThere { record.unwatch(watchIndex, watch.asWatch) }
  }

  /// Puts a name into the table; returns the process that already has the name, if there is one.
  private func put(_ name: NameKey, _ entry: Entry) -> ProcessID? {
    var (room, latestRoom): ([NameKey: Entry], [ProcessID: NameKey]) = ([:], [:])
    while true {
      var count = 0
      let (isDone, holder): (Bool, ProcessID?) = table.withLock { table in
        if let holder = table.entries[name] { return (true, holder.id) }
        count = table.entries.count
        guard table.entries.hasRoom(&room), table.latest.hasRoom(&latestRoom) else { return (false, nil) }
        table.add(name, entry)
        return (true, nil)
      }
      if isDone { return holder }
      room = Dictionary(minimumCapacity: max(4, 2 * count))
      latestRoom = Dictionary(minimumCapacity: max(4, 2 * count))
    }
  }

  /// Returns the process that has a name.
  func find(_ name: String) -> Entry? {
    Scheduler.beginCall()
    let key = NameKey(name)
    return table.withLock { $0.entries[key] }
  }

  /// All names and their processes, in order of the identities and then of the names.
  var processes: [(id: ProcessID, name: String)] {
    var found: [(id: ProcessID, name: String)] = []
    while true {
      // Order: the names are sorted below.
      let missing: Int? = table.withLock { table in
        guard found.capacity >= table.entries.count else { return table.entries.count }
        for (key, entry) in table.entries { found.append((entry.id, key.name)) }
        return nil
      }
      guard let missing else { break }
      found.reserveCapacity(missing)
    }
    return found.sorted { ($0.id, $0.name) < ($1.id, $1.name) }
  }

  /// Returns the first of a process's names in byte order.
  func name(of id: ProcessID) -> String? {
    table.withLock { table in
      var first = table.latest[id]
      var next = first
      while let name = next {
        if first.map({ name.precedes($0) }) ?? false { first = name }
        next = table.entries[name]?.earlier
      }
      return first?.name
    }
  }

  /// Removes a name from the process that has it, and the watch with it.
  func remove(_ name: String) {
    Scheduler.beginCall()
    let key = NameKey(name)
    guard let entry = table.withLock({ $0.remove(key) }), let watchIndex = entry.watchIndex else { return }
    entry.record.unwatch(watchIndex, entry.watch.asWatch)
  }

  /// Removes a name that was given with that watch.
  ///
  /// Returns nil and changes nothing if the name was given again meanwhile.
  fileprivate func take(_ name: NameKey, of watch: NameWatch) -> Entry? {
    table.withLock { $0.entries[name]?.watch === watch ? $0.remove(name) : nil }
  }

  /// All names, sorted.
  var all: [String] {
    Scheduler.beginCall()
    var names: [NameKey] = []
    // Order: the names are sorted below.
    while let missing = table.withLock({ names.fill(from: $0.entries.keys) }) { names.reserveCapacity(missing) }
    return names.map(\.name).sorted()
  }
}

/// The names and the processes that have them.
///
/// Entries are replaced and not changed in place, because the code that the compiler makes of that may call malloc.
private struct NameTable {
  var entries: [NameKey: Names.Entry] = [:]
  /// The last name that each process was given; from there, `earlier` leads to its other ones.
  var latest: [ProcessID: NameKey] = [:]

  mutating func add(_ name: NameKey, _ entry: Names.Entry) {
    var entry = entry
    entry.earlier = latest[entry.id]
    latest[entry.id] = name
    entries[name] = entry
  }

  mutating func remove(_ name: NameKey) -> Names.Entry? {
    guard let removed = entries.removeValue(forKey: name), let last = latest[removed.id] else { return nil }
    guard last != name else {
      if let earlier = removed.earlier { latest[removed.id] = earlier } else { latest.removeValue(forKey: removed.id) }
      return removed
    }
    var later = last
    while var entry = entries[later], let earlier = entry.earlier {
      if earlier == name {
        entry.earlier = removed.earlier
        entries[later] = entry
        break
      }
      later = earlier
    }
    return removed
  }
}

/// A watch that removes a name when its process ends.
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
