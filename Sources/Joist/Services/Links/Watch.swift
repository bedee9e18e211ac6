// SPDX-License-Identifier: Apache-2.0
//
// Who wants to know when a process ends: monitors, `join`, names, groups.
// WA1. A watch is told once, on the stack of the process that ends, after nobody finds that process any more. The
//      watch of a name comes before all others.
// WA2. Who watches looks, under the lock, whether the process is still the one it means, and puts the watch in. The end
//      moves on to the next generation first and takes the watches out, under the lock, then. So a watch that was put
//      in is told, and one that comes too late is not put in.
// WA3. Whoever takes a watch out names its place (PL1). One that was told already is not there any more; who is there
//      now, if anybody, is another.

import Synchronization

/// Somebody who is told of an end.
protocol Watcher: AnyObject, Sendable {
  /// The process has ended, for that reason; called on its own stack, where nothing may wait (WA1).
  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason)
}

/// One who watches a process.
enum Watch {
  /// An object of the runtime's own; the first are told before the others.
  case object(any Watcher, isFirst: Bool)
  /// A process that monitors it.
  case monitor(ProcessHandle, ProcessID, MonitorID)

  fileprivate var isFirst: Bool { if case .object(_, isFirst: true) = self { true } else { false } }

  fileprivate func isSame(as other: Watch) -> Bool {
    switch (self, other) {
    case (.object(let mine, _), .object(let its, _)): mine === its
    case (.monitor(let mine, let id, let monitor), .monitor(let its, let itsID, let itsMonitor)):
      mine == its && id == itsID && monitor == itsMonitor
    default: false
    }
  }
}

extension Handle<ProcessRecord> {
  /// Has a watcher told of the end of that process; where the watch is, or nil when the process has ended already.
  func watch(_ id: ProcessID, _ watch: Watch) -> Int? {
    let services = services()
    var room = SlotMap<Watch>.Room()
    while true {
      services.it.lock.lock()
      let isThere = isStill(id.generation)
      let hasRoom = isThere && services.it.watches.hasRoom(&room)
      let place = hasRoom ? services.it.watches.add(watch) : nil
      services.it.lock.unlock()
      if place != nil || !isThere { return place }
      room.grow()
    }
  }

  /// Takes a watch out, if it is there still (WA3).
  func unwatch(_ place: Int, _ watch: Watch) {
    let services = services()
    services.it.lock.withLock {
      if services.it.watches[place]?.isSame(as: watch) ?? false { services.it.watches.remove(place) }
    }
  }

  /// Tells everyone who watches the process, or is linked to it, of its end (WA1, WA2, LI2).
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
      link.process.deliverExit(reason, from: id, link.id.generation, link: link.place, origin: origin)
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
