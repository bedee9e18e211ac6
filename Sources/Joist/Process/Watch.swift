// SPDX-License-Identifier: Apache-2.0
//
// Who wants to know when a process ends: `join`, names, groups.
// WA1. A watch is told once, on the stack of the process that ends, after nobody finds that process any more.
// WA2. Who watches puts the watch in, under the lock, and looks then whether the process is still the one it meant. The
//      end moves on to the next generation first and takes the watches out, under the lock, then. So a watch that was
//      put in is told, and one that comes too late is not put in.

import Synchronization

/// Somebody who is told of an end.
protocol Watcher: AnyObject, Sendable {
  /// The process has ended, for that reason; called on its own stack, where nothing may wait (WA1).
  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason)
}

/// One who watches a process, and which process of the record.
struct Watch {
  let watcher: any Watcher
  let generation: UInt32
}

extension Handle<ProcessRecord> {
  /// Has a watcher told of the end of that process, before all others if it is to be the first; false when it has ended
  /// already.
  func watch(_ id: ProcessID, _ watcher: any Watcher, first: Bool = false) -> Bool {
    let extras = extras()
    return extras.it.lock.withLock {
      let place = first ? 0 : extras.it.watchers.count
      extras.it.watchers.insert(Watch(watcher: watcher, generation: id.generation), at: place)
      let lives = it.generation.load(ordering: .sequentiallyConsistent) == id.generation
      if !lives { extras.it.watchers.remove(at: place) }
      return lives
    }
  }

  /// Takes a watcher out, once, if it is in.
  func unwatch(_ id: ProcessID, _ watcher: any Watcher) {
    guard hasExtras else { return }
    let extras = extras()
    let taken = extras.it.lock.withLock { () -> Watch? in
      let index = extras.it.watchers.firstIndex { $0.watcher === watcher && $0.generation == id.generation }
      return index.map { extras.it.watchers.remove(at: $0) }
    }
    _ = taken
  }

  /// Tells everyone who watches that process (WA2).
  func tellWatchers(_ generation: UInt32, _ reason: ExitReason) {
    let extras = extras()
    let told = extras.it.lock.withLock { () -> [Watch] in
      let all = extras.it.watchers
      extras.it.watchers = []
      return all
    }
    let id = ProcessID(slot: it.home.it.table.index(of: self), generation: generation)
    for watch in told where watch.generation == generation { watch.watcher.processEnded(self, id, reason) }
  }
}
