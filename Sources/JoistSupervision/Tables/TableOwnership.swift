// SPDX-License-Identifier: Apache-2.0
//
// What every table is, regardless of its contents: one value, an owner, and perhaps an heir. The lock is held only to
// read or exchange them; what was there is released after it (TB1).
// TB2. The owner is watched after it was noted as the owner. If it has ended by then, the watch is refused, and the
//      table is handled as at its end. So no end is missed.

import Joist
import Synchronization

/// A value of a table in memory of its own.
@usableFromInline class AnyTableBox: @unchecked Sendable {
  @usableFromInline init() {}
}

/// A value of a table, of its type.
// Sound: the value is `Sendable`, and never changes.
@usableFromInline final class TableBox<Contents: Sendable>: AnyTableBox, @unchecked Sendable {
  @usableFromInline let contents: Contents

  @usableFromInline init(_ contents: Contents) { self.contents = contents }
}

/// The value, the owner and the heir of a table.
@usableFromInline final class TableOwnership: Sendable {
  fileprivate struct Heir: Sendable {
    let process: OwnerProcess
    /// Tells the heir that it is the owner now.
    let tell: @Sendable (ProcessID) -> Void
  }

  private struct State {
    /// Nil when the table is gone.
    var box: AnyTableBox?
    var owner: OwnerProcess
    var watch: OwnerWatch?
    var heir: Heir?

    /// Removes what the table has, and returns it.
    mutating func clear() -> State {
      let before = self
      (box, watch, heir) = (nil, nil, nil)
      return before
    }
  }

  private let writers: TableWriters
  private let state: Mutex<State>

  /// Makes the state of a table that a living process owns.
  init<Message: ~Copyable>(_ box: AnyTableBox, _ owner: ProcessRef<Message>, _ writers: TableWriters) {
    let owner = OwnerProcess(owner)!
    self.writers = writers
    state = Mutex(State(box: box, owner: owner))
    watch(owner)
  }

  /// Removes the table because nothing refers to it any longer.
  func forget() { end(state.withLock { $0.clear() }) }

  /// The present value.
  @usableFromInline
  func read() throws(TableError) -> AnyTableBox {
    OwnerProcess.beginCall()
    guard let box = state.withLock({ $0.box }) else { throw .gone }
    return box
  }

  /// The present value, for a caller that may change it.
  @usableFromInline
  func readToWrite() throws(TableError) -> AnyTableBox {
    if writers == .owner { return try asOwner { state in state.box! } }
    return try read()
  }

  /// Exchanges a value that has been read; returns false if it has been exchanged meanwhile.
  @usableFromInline
  func replace(_ old: AnyTableBox, by new: AnyTableBox) throws(TableError) -> Bool {
    if writers == .owner { _ = try asOwner { _ in } }
    return try state.withLock { state throws(TableError) in
      guard let box = state.box else { throw .gone }
      guard box === old else { return false }
      state.box = new
      return true
    }
  }

  /// The owner; nil if the table is gone.
  var owner: ProcessID? {
    OwnerProcess.beginCall()
    return state.withLock { $0.box == nil ? nil : $0.owner.id }
  }

  func give<Message: ~Copyable>(to process: ProcessRef<Message>) throws(TableError) {
    guard process.isAlive, let next = OwnerProcess(process) else { throw .noProcess }
    let (before, watch, heir) = try asOwner { state in
      let before = (state.owner, state.watch, state.heir)
      (state.owner, state.watch, state.heir) = (next, nil, nil)
      return before
    }
    if let watch { before.unwatch(watch) }
    withExtendedLifetime(heir) {}
    self.watch(next)
  }

  func setHeir<Message: ~Copyable>(
    _ process: ProcessRef<Message>,
    tell: @escaping @Sendable (ProcessID) -> Void
  ) throws(TableError) {
    guard process.isAlive, let next = OwnerProcess(process) else { throw .noProcess }
    let before = try asOwner { state in
      let before = state.heir
      state.heir = Heir(process: next, tell: tell)
      return before
    }
    withExtendedLifetime(before) {}
  }

  func remove() throws(TableError) { end(try asOwner { $0.clear() }) }

  /// Stops watching the owner of a table that was removed, and destroys what it had.
  private func end(_ cleared: consuming State) { if let watch = cleared.watch { cleared.owner.unwatch(watch) } }

  /// Runs a closure under the lock if the running process is the owner.
  private func asOwner<Result>(_ body: (inout State) -> Result) throws(TableError) -> Result {
    OwnerProcess.beginCall()
    let caller = OwnerProcess.running?.id
    return try state.withLock { state throws(TableError) in
      guard state.box != nil else { throw .gone }
      guard state.owner.id == caller else { throw .notOwner(state.owner.id) }
      return body(&state)
    }
  }

  /// Watches a process that is noted as the owner (TB2); returns false if it has ended.
  @discardableResult
  private func watch(_ owner: OwnerProcess) -> Bool {
    guard let watch = owner.watch(by: self) else {
      ownerEnded(owner.id, .noProcess)
      return false
    }
    let isOwner = state.withLock { state in
      guard state.box != nil, state.owner.id == owner.id else { return false }
      state.watch = watch
      return true
    }
    if !isOwner { owner.unwatch(watch) }
    return true
  }
}

extension TableOwnership: OwnerWatcher {
  /// Gives the table to the heir, or removes it.
  func ownerEnded(_ id: ProcessID, _: ExitReason) {
    // What the program has put there is destroyed in a process, because it may crash.
    let (owner, rest): (OwnerProcess, TableRest?) = state.withLock { state in
      let owner = state.owner
      guard state.box != nil, owner.id == id else { return (owner, nil) }
      let rest = TableRest(box: state.heir == nil ? state.box : nil, heir: state.heir)
      (state.watch, state.heir) = (nil, nil)
      if let heir = rest.heir { state.owner = heir.process } else { state.box = nil }
      return (owner, rest)
    }
    guard let rest else { return }
    let isInherited = rest.heir.map { watch($0.process) } ?? false
    owner.call { rest.end(telling: isInherited ? id : nil) }
  }
}

/// What is left of a table, or of its owner's will, to be dealt with in a process.
private final class TableRest: Sendable {
  let heir: TableOwnership.Heir?
  private let box: Mutex<AnyTableBox?>

  init(box: AnyTableBox?, heir: TableOwnership.Heir?) {
    self.heir = heir
    self.box = Mutex(box)
  }

  /// Tells the heir, if there is one, that the table of an owner has come to it; destroys the contents otherwise.
  func end(telling owner: ProcessID?) {
    if let owner { heir?.tell(owner) }
    let contents = box.withLock { $0.take() }
    withExtendedLifetime(contents) {}
  }
}
