// SPDX-License-Identifier: Apache-2.0
//
// Names of processes.
// NM1. A name is one living process's at most. It goes with its process, before anybody else who watches that process
//      is told: the watch of a name is put in front of others.
// NM2. The table is locked for a look only. It has a name before the process is watched for it; if that has ended by
//      then, the name is taken back.
// NM3. Malloc is not called under the lock, for it may fail: what needs more room has it made before.
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
  private let entries = Mutex<[String: Entry]>([:])

  /// Gives a name to a process.
  func add(_ name: String, _ record: ProcessHandle, _ id: ProcessID, _ type: MessageType) throws(NameError) {
    Scheduler.beginCall()
    guard !name.isEmpty else { throw .empty }
    let watch = NameWatch(self, name)
    if let holder = put(name, Entry(record: record, id: id, type: type, watch: watch)) {
      throw .taken(name, by: holder)
    }
    guard let place = record.watch(id, watch.asWatch) else {
      _ = take(name, of: watch)
      throw .noProcess
    }
    let isThere = entries.withLock { entries in
      guard entries[name]?.watch === watch else { return false }
      entries[name]?.place = place
      return true
    }
    if !isThere { record.unwatch(place, watch.asWatch) }
  }

  /// Puts a name into the table (NM3); who has it, if somebody does.
  private func put(_ name: String, _ entry: Entry) -> ProcessID? {
    var room: [String: Entry] = [:]
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
    return entries.withLock { $0[name] }
  }

  /// The first of a process's names, in order; looked for among all.
  func name(of id: ProcessID) -> String? {
    entries.withLock { entries in entries.lazy.filter { $0.value.id == id }.map(\.key).min() }
  }

  /// Takes a name away from whoever has it, and the watch back (NM4).
  func remove(_ name: String) {
    Scheduler.beginCall()
    guard let entry = entries.withLock({ $0.removeValue(forKey: name) }), let place = entry.place else { return }
    entry.record.unwatch(place, entry.watch.asWatch)
  }

  /// Takes a name away that was given with that watch; nil, and nothing is done, when it was given anew meanwhile.
  fileprivate func take(_ name: String, of watch: NameWatch) -> Entry? {
    entries.withLock { $0[name]?.watch === watch ? $0.removeValue(forKey: name) : nil }
  }

  /// All names, sorted.
  var all: [String] {
    Scheduler.beginCall()
    var names: [String] = []
    // Order: they are sorted below.
    while let missing = entries.withLock({ names.fill(from: $0.keys) }) { names.reserveCapacity(missing) }
    return names.sorted()
  }
}

/// Takes a name away when its process ends (NM1).
private final class NameWatch: Watcher {
  private let names: Names
  private let name: String

  init(_ names: Names, _ name: String) {
    self.names = names
    self.name = name
  }

  var asWatch: Watch { .object(self, isFirst: true) }

  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason) { _ = names.take(name, of: self) }
}

/// Which messages a process takes, without a generic parameter.
@usableFromInline
struct MessageType: Sendable {
  // Order: only compared for being the same.
  let id: ObjectIdentifier
  let description: String

  /// Of processes that take such messages.
  @usableFromInline
  init<Message: ~Copyable>(_ type: Message.Type) {
    // Order: types are only compared for being the same.
    id = ObjectIdentifier(ProcessRef<Message>.self)
    let words = String(reflecting: ProcessRef<Message>.self)
    description = String(words.dropFirst(words.prefix { $0 != "<" }.count + 1).dropLast())
  }
}

/// Why a name was not given or found.
public enum NameError: Error, Hashable, CustomStringConvertible {
  /// Another process has it.
  case taken(String, by: ProcessID)
  /// The name is empty.
  case empty
  /// The process has ended.
  case noProcess
  /// Its process takes other messages than those asked for.
  case wrongType(String, takes: String, asked: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .taken(let name, let holder): "the name '\(name)' is taken by \(holder)"
    case .empty: "a name must not be empty"
    case .noProcess: "the process has ended"
    case .wrongType(let name, let takes, let asked): "'\(name)' takes messages of \(takes), and not of \(asked)"
    }
  }
}
