// SPDX-License-Identifier: Apache-2.0
//
// A process as the owner of something that ends or changes hands with it, for the modules above.

/// A process that owns something, regardless of the messages that it takes.
package struct OwnerProcess: Sendable {
  private let record: ProcessHandle
  /// The identity of the process.
  package let id: ProcessID

  private init(_ record: ProcessHandle, _ id: ProcessID) {
    self.record = record
    self.id = id
  }

  /// Makes it from a reference; nil if the reference names no process.
  package init?<Message: ~Copyable>(_ ref: ProcessRef<Message>) {
    guard let record = ref.record else { return nil }
    self.init(record, ref.id)
  }

  /// The process that runs on the calling thread; nil on a thread that runs none.
  package static var running: OwnerProcess? {
    guard let record = Scheduler.current?.it.running else { return nil }
    return OwnerProcess(record, record.it.identity)
  }

  /// Begins a call of a module above that takes a lock: ends the calling process if its stack has no room for it (FA3).
  package static func beginCall() { Scheduler.beginCall() }

  /// Has the watcher told of the end of this process before any monitor is.
  ///
  /// - Returns: What `unwatch` needs; nil if the process has ended already.
  package func watch(by watcher: any OwnerWatcher) -> OwnerWatch? {
    let watch = Watch.object(EndTeller(watcher), isFirst: true)
    return record.watch(id, watch).map { OwnerWatch(watch: watch, index: $0) }
  }

  /// Takes the watcher away, if it has not been told.
  package func unwatch(_ it: OwnerWatch) { record.unwatch(it.index, it.watch) }

  /// Calls a closure of the program in a process of its own on this process's runtime, or on a thread if the runtime
  /// creates none.
  package func call(_ body: @escaping @Sendable () -> Void) { PendingCall.start(on: record.home, body) }
}

/// An object that is told when the owner of something has ended.
package protocol OwnerWatcher: AnyObject, Sendable {
  /// Handles the end of an owner; called on that process's stack, where nothing may wait and no code of the program
  /// may run (WA1).
  func ownerEnded(_ owner: ProcessID, _ reason: ExitReason)
}

/// A watch on an owner.
package struct OwnerWatch: Sendable {
  fileprivate let watch: Watch
  fileprivate let index: Int
}

/// The watch's object, which knows the watcher of the module above.
private final class EndTeller: Watcher {
  private let watcher: any OwnerWatcher

  init(_ watcher: any OwnerWatcher) { self.watcher = watcher }

  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason) { watcher.ownerEnded(id, reason) }
}
