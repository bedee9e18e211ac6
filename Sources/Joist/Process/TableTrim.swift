// SPDX-License-Identifier: Apache-2.0
//
// Giving the memory of records back (R10).
// TT1. It goes in groups: so many pages as hold a whole number of records. A group goes when all of its records are in
//      the common list, and none has what lives on with a record (R7), timers apart.
// TT2. Others may push to a record that has no process any more, at any time. So a group's inboxes are closed while its
//      memory goes (E6): what was pushed before keeps the group, what comes after lies there for the next process of
//      the record to destroy.

import Synchronization

extension ProcessTable {
  /// Records that fill whole pages.
  private static var groupRecords: Int { HostPlatform.pageBytes * 3 / recordBytes }

  /// Gives the memory of groups without processes back (TT1); how many bytes that is.
  ///
  /// Looks at every free record, under the lock. `stop` takes a timer out of the wheel that it may be in.
  mutating func trim(_ platform: any Platform, stop: (Handle<ProcessTimer>) -> Void) -> Int {
    lock.lock()
    defer { lock.unlock() }
    let goes = takeWholeGroups()
    var bytes = 0
    for group in goes.indices.reversed() where goes[group] {
      let range = group * ProcessTable.groupRecords..<(group + 1) * ProcessTable.groupRecords
      if discard(range, platform, stop) {
        bytes += range.count * ProcessTable.recordBytes
      } else {
        for index in range.reversed() { putFree(self[index]) }
      }
    }
    return bytes
  }

  /// Takes the records of groups that are wholly free out of the list; which groups those are.
  private mutating func takeWholeGroups() -> [Bool] {
    var counts = [UInt16](repeating: 0, count: usedCount / ProcessTable.groupRecords)
    var next = free
    while let record = next {
      next = record.it.next
      let group = index(of: record) / ProcessTable.groupRecords
      if group < counts.count && !record.hasExtras { counts[group] += 1 }
    }
    let goes = counts.map { Int($0) == ProcessTable.groupRecords }
    guard goes.contains(true) else { return [] }
    next = free
    var kept = RecordCache()
    while let record = next {
      next = record.it.next
      let group = index(of: record) / ProcessTable.groupRecords
      if group >= goes.count || !goes[group] { kept.put(record) }
    }
    // Turned round twice, so that who was first is first.
    free = nil
    while let record = kept.take() { putFree(record) }
    return goes
  }

  /// Gives the memory of a group back (TT2); false when something keeps it.
  // Sound: the records are nobody's, and zero is what they may be (R10).
  // Ordering: relaxed. Who had these records is seen by their list's lock; who still has a reference finds a
  // generation that is none of his, or zero.
  private mutating func discard(
    _ range: Range<Int>,
    _ platform: any Platform,
    _ stop: (Handle<ProcessTimer>) -> Void
  ) -> Bool {
    for index in range where self[index].hasExtras || !self[index].it.inbox.close() {
      for closed in range.lowerBound..<index { self[closed].it.inbox.open() }
      return false
    }
    for index in range {
      let record = self[index]
      lastGeneration = max(lastGeneration, record.it.generation.load(ordering: .relaxed))
      lastWait = max(lastWait, record.it.cell.lastNumber)
      guard let timer = record.it.timer else { continue }
      stop(timer)
      timer.free()
    }
    let start = unsafe UnsafeMutableRawPointer(bitPattern: self[range.lowerBound].bits)!
    unsafe platform.discard(start, bytes: range.count * ProcessTable.recordBytes)
    if let last = vacant.last, last.lowerBound == range.upperBound {
      vacant[vacant.count - 1] = range.lowerBound..<last.upperBound
    } else {
      vacant.append(range)
    }
    return true
  }
}

extension Handle<RuntimeCore> {
  /// Gives back what records take that have no process; how many bytes that is.
  func trimRecords() -> Int {
    it.table.trim(it.platform) { timer in
      while true {
        let place = timer.entry.it.place
        if place == .none { return }
        let scheduler = it.scheduler(place.wheel)
        scheduler.it.wheel.lock.lock()
        defer { scheduler.it.wheel.lock.unlock() }
        if timer.entry.it.place == place { return scheduler.it.wheel.remove(timer.entry) }
      }
    }
  }
}
