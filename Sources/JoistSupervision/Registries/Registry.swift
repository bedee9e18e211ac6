// SPDX-License-Identifier: Apache-2.0
//
// Processes found by keys of any type.
// RG1. A process is in the table before its watcher is asked to monitor it. A monitor of one that has ended already
//      brings its message at once; so an end is never missed, however it races with the registration.
// RG2. Between a process's end and the watcher's message its entries are there still. Whoever looks passes over those
//      that do not live, and a unique key is given to another.
// RG3. The table is locked for a look only; nothing is sent meanwhile, and no code of a key's runs (RT1).

public import Joist

/// Processes under keys: one process a key, or many.
///
/// An entry goes when its process ends. May be used by any thread and any process; nothing here waits except for a
/// short lock, and for mailboxes that were asked to block when it dispatches. The entries go with the registry. A key's
/// `==` and `hash(into:)` run on the caller's side, without a lock: one that traps ends the caller alone.
public final class Registry<Key: Hashable & Sendable, Message: ~Copyable>: Sendable {
  private let table: RegistryTable<Key, Message>
  private let watcher: ProcessRef<RegistryMail<Message>>

  /// An empty registry; one process of the runtime watches its members, who may be of any runtime.
  ///
  /// Throws a `SpawnError` where that process cannot be made.
  public init(on runtime: ProcessRuntime, keys: RegistryKeys = .unique) throws(SpawnError) {
    let table = RegistryTable<Key, Message>(keys)
    self.table = table
    watcher = try runtime.trySpawn(RegistryMail<Message>.self) { process in
      var members: [MonitorID: ProcessRef<Message>] = [:]
      while true {
        switch try process.receive() {
        case .watch(let member): members[process.monitor(member, RegistryMail.down)] = member
        case .down(let down): if let member = members.removeValue(forKey: down.monitor) { table.remove(member) }
        }
      }
    }
  }

  deinit { watcher.exit() }

  /// Puts a process under a key, until it ends or is taken away; where it is already, nothing changes.
  ///
  /// Throws a ``RegistryError`` when another living process has the unique key, or when this one has ended.
  public func register(_ ref: ProcessRef<Message>, as key: Key) throws(RegistryError) {
    guard ref.isAlive else { throw .noProcess }
    if try table.add(ref, key) { watcher.send(.watch(ref)) }  // RG1
  }

  /// Takes a process away from a key.
  public func unregister(_ ref: ProcessRef<Message>, from key: Key) { table.remove(ref, from: key) }

  /// The living process under a key, of several the one that came first; nil for none.
  public func lookup(_ key: Key) -> ProcessRef<Message>? { all(key).first }

  /// The living processes under a key, in the order in which they came.
  public func all(_ key: Key) -> [ProcessRef<Message>] { table.all(key).filter(\.isAlive) }  // RG2

  /// The keys of a process, in the order in which it got them.
  public func keys(of ref: ProcessRef<Message>) -> [Key] { ref.isAlive ? table.keys(of: ref) : [] }

  /// How many entries there are, those included whose process ends just now.
  public var count: Int { table.count }

  /// Makes a message for each process under a key and sends it; to how many.
  @discardableResult
  public func dispatch(to key: Key, making message: () -> sending Message) -> Int {
    let members = all(key)
    for member in members { member.send(message()) }  // RG3
    return members.count
  }
}

extension Registry where Message: Sendable {
  /// Sends the same message to each process under a key; to how many.
  @discardableResult
  public func dispatch(_ message: Message, to key: Key) -> Int { dispatch(to: key) { message } }
}

/// How many processes may be under one key.
public enum RegistryKeys: Sendable, Hashable {
  /// One.
  case unique
  /// Any number.
  case duplicate
}

/// Why a process was not registered.
public enum RegistryError: Error, Hashable, CustomStringConvertible {
  /// Another process has the key.
  case taken(by: ProcessID)
  /// The process has ended.
  case noProcess

  /// One sentence.
  public var description: String {
    switch self {
    case .taken(let holder): "the key is taken by \(holder)"
    case .noProcess: "the process has ended"
    }
  }
}

/// What a registry's watcher takes.
enum RegistryMail<Message: ~Copyable>: Sendable {
  case watch(ProcessRef<Message>)
  case down(Down)
}
