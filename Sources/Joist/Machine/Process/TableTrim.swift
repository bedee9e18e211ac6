// SPDX-License-Identifier: Apache-2.0
//
// Giving the memory of records back (R10).
// TT1. It goes in groups: so many pages as hold a whole number of records. A group goes when all of its records are in
//      the common list, and none has what lives on with a record (R7), timers apart.
// TT2. Nothing lies in the inbox of a record that has no process, and nobody changes its word (E6). It is zero, before
//      its memory goes and afterwards.
// TT3. The list is taken whole, and what stays is put back: so the lock is held for moments. Who finds no record
//      meanwhile waits for that.

import Synchronization

extension ProcessTable {
  /// Gives the memory of groups without processes back (TT1); how many bytes that is.
  ///
  /// Looks at every free record. `stop` takes a timer out of the wheel that it may be in.
  mutating func trim(_ platform: any Platform, stop: (Handle<ProcessTimer>) -> Void) -> Int {
    guard let all = takeAllFree() else { return 0 }
    var groups = [RecordCache](repeating: RecordCache(), count: usedCount / ProcessTable.groupRecords)
    var kept = RecordCache()
    for var list in all {
      while let record = list.take() {
        let group = index(of: record) / ProcessTable.groupRecords
        if group < groups.count && record.extrasAddress == 0 { groups[group].put(record) } else { kept.put(record) }
      }
    }
    var bytes = 0
    for group in groups.indices.reversed() {
      if groups[group].count == ProcessTable.groupRecords, discard(group, platform, stop) {
        bytes += ProcessTable.groupRecords * ProcessTable.recordBytes
      } else {
        while let record = groups[group].take() { kept.put(record) }
      }
    }
    lock.lock()
    isTrimming = false
    while let record = kept.take() { putFree(record) }
    lock.unlock()
    return bytes
  }

  /// Every record in the common lists (TT3); nil while somebody else has them.
  private mutating func takeAllFree() -> [RecordCache]? {
    var all = [RecordCache](repeating: RecordCache(), count: Limits.maxNumaNodes)
    lock.lock()
    defer { lock.unlock() }
    guard !isTrimming else { return nil }
    isTrimming = true
    takeAllFree(into: &all)
    return all
  }

  /// Gives the memory of a group back (TT2); false when extras that somebody made just now keep it.
  // Ordering: relaxed. Who had these records is seen by their list's lock; who still has a reference finds a
  // generation that is none of his, or zero.
  private mutating func discard(
    _ group: Int,
    _ platform: any Platform,
    _ stop: (Handle<ProcessTimer>) -> Void
  ) -> Bool {
    let range = records(ofGroup: group)
    for index in range where self[index].extrasAddress != 0 { return false }
    var (generation, wait): (UInt32, UInt) = (0, 0)
    for index in range {
      let record = self[index]
      generation = max(generation, record.it.generation.load(ordering: .relaxed))
      wait = max(wait, record.it.cell.lastNumber)
      guard let timer = record.it.timer else { continue }
      stop(timer)
      timer.free()
    }
    // Sound: the records are nobody's, and zero is what they may be (R10).
    let start = unsafe UnsafeMutableRawPointer(bitPattern: self[range.lowerBound].bits)!
    let bytes = range.count * ProcessTable.recordBytes
    if unsafe !platform.discard(start, bytes: bytes) {
      // A sender meanwhile finds a word of zero, before and after, and pushes nothing (TT2).
      unsafe start.initializeMemory(as: UInt64.self, repeating: 0, count: bytes / MemoryLayout<UInt64>.size)
    }
    lock.lock()
    lastGeneration = max(lastGeneration, generation)
    lastWait = max(lastWait, wait)
    putVacant(group)
    lock.unlock()
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
