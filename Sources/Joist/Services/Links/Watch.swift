// SPDX-License-Identifier: Apache-2.0
//
// Watches: monitors, `join`, names and groups are told when a process ends.
// WA1. A watcher is told once, on the stack of the process that ends, when that process can no longer be found by its
//      id. The watches of names, and of what the process owns, are told before all others.
//
// A thread that adds a watch checks under the lock that the process is still the one it means. An end stores the next
// generation first, and then takes the watches out, under the lock. So each watch that was added is told, and one that
// comes too late is not added.
//
// A watch is removed by its index (PL1). A watch that was told already is not there any more, and another one may have
// its index; therefore the caller also passes the watch that it means.

import Synchronization

/// An object that is told of a process's end.
protocol Watcher: AnyObject, Sendable {
  /// Handles the end of a process; called on that process's stack, where nothing may wait (WA1).
  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason)
}

/// A watch on a process: the watcher that is told of its end.
enum Watch {
  /// An object of the runtime; those with `isFirst` are told before all other watchers.
  case object(any Watcher, isFirst: Bool)
  /// A process that monitors the watched one.
  case monitor(ProcessHandle, ProcessID, MonitorID)

  fileprivate var isFirst: Bool { if case .object(_, isFirst: true) = self { true } else { false } }

  fileprivate func isSame(as other: Watch) -> Bool {
    switch (self, other) {
    case (.object(let one, _), .object(let another, _)): one === another
    case (.monitor(let one, let id, let monitor), .monitor(let another, let otherID, let otherMonitor)):
      one == another && id == otherID && monitor == otherMonitor
    default: false
    }
  }
}

extension Handle<ProcessRecord> {
  /// Adds a watch on the process with that id, and returns its index; returns nil if that process has ended already.
  func watch(_ id: ProcessID, _ watch: Watch) -> Int? {
    let services = services()
    var spare = SlotMap<Watch>.Room()
    while true {
      services.it.lock.lock()
      let isThere = isStill(id.generation)
      let hasRoom = isThere && services.it.watches.hasRoom(&spare)
      let index = hasRoom ? services.it.watches.add(watch) : nil
      services.it.lock.unlock()
      if index != nil || !isThere { return index }
      spare.grow()
    }
  }

  /// Removes a watch if it is still at that index.
  func unwatch(_ index: Int, _ watch: Watch) {
    let services = services()
    services.it.lock.withLock {
      if services.it.watches[index]?.isSame(as: watch) ?? false { services.it.watches.remove(index) }
    }
  }

  /// Tells the watchers of the process, and the processes linked to it, that it has ended (WA1, LI2).
  func tellWatchersAndLinked(_ id: ProcessID, _ reason: ExitReason) {
    let services = services()
    services.it.lock.lock()
    let watches = services.it.watches.takeAll()
    let links = services.it.links.takeAll()
    services.it.lock.unlock()
    let origin = (hasExtras ? extras().it.exitOrigin : nil) ?? id
    watches.each { _, watch in if watch.isFirst { tell(watch, id, reason) } }
    watches.each { _, watch in if !watch.isFirst { tell(watch, id, reason) } }
    links.each { _, link in
      link.process.deliverExit(reason, from: id, link.id.generation, link: link.otherIndex, origin: origin)
    }
  }

  private func tell(_ watch: Watch, _ id: ProcessID, _ reason: ExitReason) {
    switch watch {
    case .object(let watcher, _): watcher.processEnded(self, id, reason)
    case .monitor(let process, let watcher, let monitor):
      process.tellDown(Down(process: id, reason: reason, monitor: monitor), watcher)
    }
  }
}
