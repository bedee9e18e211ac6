// SPDX-License-Identifier: Apache-2.0
//
// A table from keys of any type to processes, and the process that watches its members. `register` adds a process to
// the table before it asks the watcher to monitor it. A monitor of a process that has already ended delivers its
// message at once, so no end is missed, however it races with the registration.
// RG2. Between the end of a process and the watcher's message its entries are still in the table. A lookup skips
//      processes that have ended, and a unique key that such a process holds goes to the next process that asks.
// RG3. The table is locked only to read or change it. Under the lock nothing is sent, and no code of a key runs (RT1).

public import Joist

/// A table that finds processes by key, with one process or many under each key.
///
/// An entry is removed when its process ends, and all entries are removed with the registry. Any thread and any process
/// may use a registry. Its methods take a short lock and do not wait otherwise, except that dispatching waits for a
/// mailbox that is configured to block when it is full. A key's `==` and `hash(into:)` run in the caller, without the
/// lock: one that traps ends only the caller.
public final class Registry<Key: Hashable & Sendable, Message: ~Copyable>: Sendable {
  private let table: RegistryTable<Key, Message>
  private let watcher: ProcessRef<RegistryMail<Message>>

  private init(_ table: RegistryTable<Key, Message>, _ watcher: ProcessRef<RegistryMail<Message>>) {
    self.table = table
    self.watcher = watcher
  }

  /// Starts an empty registry, with one process on the runtime that watches its members.
  ///
  /// The members may belong to any runtime. The watcher ends when the registry is released.
  ///
  /// - Throws: A `SpawnError` if the watcher cannot be created.
  public static func start(
    on runtime: ProcessRuntime,
    keys: RegistryKeys = .unique
  ) throws(SpawnError) -> Registry<Key, Message> {
    let table = RegistryTable<Key, Message>(keys)
    let watcher = try runtime.trySpawn(RegistryMail<Message>.self) { process in
      var members: [MonitorID: ProcessRef<Message>] = [:]
      while true {
        switch try process.receive() {
        case .watch(let member): members[process.monitor(member, RegistryMail.down)] = member
        case .down(let down): if let member = members.removeValue(forKey: down.monitor) { table.remove(member) }
        }
      }
    }
    return Registry(table, watcher)
  }

  deinit { watcher.exit() }

  /// Registers a process under a key until it ends or is unregistered.
  ///
  /// Does nothing if the process is already registered under the key.
  ///
  /// - Throws: A ``RegistryError`` if another living process holds the unique key, or if this process has ended.
  public func register(_ ref: ProcessRef<Message>, as key: Key) throws(RegistryError) {
    guard ref.isAlive else { throw .noProcess }
    // The process is in the table before the watcher monitors it, so its end removes the entry in any case.
    if try table.add(ref, key) { watcher.send(.watch(ref)) }
  }

  /// Removes a process from a key; does nothing if it is not registered there.
  public func unregister(_ ref: ProcessRef<Message>, from key: Key) { table.remove(ref, from: key) }

  /// Returns the living process under a key, the first registered if there are several, or nil if there is none.
  public func lookup(_ key: Key) -> ProcessRef<Message>? { all(key).first }

  /// Returns the living processes under a key, in the order of their registration.
  public func all(_ key: Key) -> [ProcessRef<Message>] { table.all(key).filter(\.isAlive) }  // RG2

  /// Returns the keys of a process in the order of their registration; empty if the process has ended.
  public func keys(of ref: ProcessRef<Message>) -> [Key] { ref.isAlive ? table.keys(of: ref) : [] }

  /// The number of entries, including those of processes that have ended but are not removed yet.
  public var count: Int { table.count }

  /// Makes a message for each living process under a key, sends it, and returns the number of processes.
  ///
  /// Waits where a full mailbox is configured to block.
  @discardableResult
  public func dispatch(to key: Key, making message: () -> sending Message) -> Int {
    let members = all(key)
    for member in members { member.send(message()) }  // RG3
    return members.count
  }
}

extension Registry where Message: Sendable {
  /// Sends the same message to each living process under a key, and returns the number of processes.
  ///
  /// Waits where a full mailbox is configured to block.
  @discardableResult
  public func dispatch(_ message: Message, to key: Key) -> Int { dispatch(to: key) { message } }
}

/// The number of processes that one key of a registry may have.
public enum RegistryKeys: Sendable, Hashable {
  /// One process.
  case unique
  /// Any number of processes.
  case duplicate
}

/// The reason why a process was not registered.
public enum RegistryError: Error, Hashable, CustomStringConvertible {
  /// Another living process holds the unique key.
  case taken(by: ProcessID)
  /// The process has ended.
  case noProcess

  /// The reason in one sentence.
  public var description: String {
    switch self {
    case .taken(let holder): "the key is taken by \(holder)"
    case .noProcess: "the process has ended"
    }
  }
}

/// A message to a registry's watcher.
enum RegistryMail<Message: ~Copyable>: Sendable {
  case watch(ProcessRef<Message>)
  case down(Down)
}
