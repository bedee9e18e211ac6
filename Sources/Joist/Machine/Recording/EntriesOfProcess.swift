// SPDX-License-Identifier: Apache-2.0
//
// The last entries of one process, for its trap. Entries are read from the newest back to the oldest, in parts: those
// that were written while one process ran, or while the scheduler did. An entry that begins or ends a slice stands
// before each part and says which.

/// The last entries that concern one process.
package struct EntriesOfProcess: Sendable {
  /// The entries, oldest first.
  let entries: [RecorderEntry]
  let process: ProcessID
  /// Whether they begin in the middle of a slice of the process.
  let isCut: Bool

  /// Returns the events of the entries in which the process takes part.
  func events(ticksPerSecond: UInt64) -> [RecorderEvent] {
    RecorderReader.events(entries, ticksPerSecond: ticksPerSecond, running: isCut ? process : nil)
      .filter { $0.process == process || $0.other == process }
  }
}

extension RecorderRing {
  /// Returns the last entries that concern a process that runs on this ring's thread; for that thread.
  ///
  /// Returns at most `limit` entries, and looks at no more than `scanned`. It stops at the creation of the process.
  func lastEntries(of process: ProcessID, limit: Int, scanned: Int) -> EntriesOfProcess {
    /// The entries that concern the process, newest first.
    var found: [RecorderEntry] = []
    /// The entries of the present part, newest first.
    var part: [RecorderEntry] = []
    /// The entry that begins the part behind this one, if it was left out; it says why the process of this part left.
    var leftOut: RecorderEntry?
    var (left, isBorn, isFirstPart) = (scanned, false, true)
    forEachFromNewest { entry in
      left -= 1
      guard let kind = entry.kind, kind.beginsSlice || kind.endsSlice else {
        if entry.kind == .spawned && entry.process == process { isBorn = true }
        part.append(entry)
        return left > 0
      }
      let isOwn = kind.beginsSlice && entry.process == process
      if isOwn, let leftOut { found.append(leftOut) }
      let kept = isOwn ? part : part.filter { $0.names(process) }
      let isNeeded = entry.process == process || kept.contains { $0.kind != .time }
      found += kept
      if isNeeded { found.append(entry) }
      leftOut = isNeeded ? nil : entry
      part.removeAll(keepingCapacity: true)
      isFirstPart = false
      return !isBorn && found.count < limit && left > 0
    }
    if isFirstPart { found = part }
    return EntriesOfProcess(
      entries: Array(found.prefix(limit).reversed()),
      process: process,
      isCut: isFirstPart || found.count > limit
    )
  }
}

extension RecorderEntry {
  fileprivate func names(_ process: ProcessID) -> Bool {
    kind == .time || (kind?.namesProcess ?? false) && self.process == process
  }
}
