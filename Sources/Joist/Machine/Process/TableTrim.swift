// SPDX-License-Identifier: Apache-2.0
//
// Giving the memory of records back (R10).
// TT1. Memory is given back in groups: as many pages as hold a whole number of records. A group is given back if all of
//      its records are in the common list and none has memory that lives on with a record (R7), timers apart.
// TT3. The whole list is taken, and what stays is put back, so that the lock is held only for moments. A thread that
//      finds no record meanwhile waits for that.
//
// The inbox of a record without a process is empty, and no thread changes its word (E6): it is zero before the memory
// is given back, and zero afterwards.

import Synchronization

extension ProcessTable {
  /// Gives back the memory of groups without processes (TT1), and returns the number of bytes.
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

  /// Takes every record out of the common lists (TT3); returns nil while another thread has them.
  private mutating func takeAllFree() -> [RecordCache]? {
    var all = [RecordCache](repeating: RecordCache(), count: Limits.maxNumaNodes)
    lock.lock()
    defer { lock.unlock() }
    guard !isTrimming else { return nil }
    isTrimming = true
    takeAllFree(into: &all)
    return all
  }

  /// Gives back the memory of a group; returns false if extras that another thread has just allocated keep it.
  // Ordering: relaxed. The lock of the free list orders the threads that had these records. A thread that still has a
  // reference finds a generation that is not its own, or zero.
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
    // Sound: no process and no other thread has the records, and zero is what they may be (R10).
    let start = unsafe UnsafeMutableRawPointer(bitPattern: self[range.lowerBound].bits)!
    let bytes = range.count * ProcessTable.recordBytes
    if unsafe !platform.discard(start, bytes: bytes) {
      // A sender finds a word of zero before and after this, and pushes nothing (E6).
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
  /// Gives back the memory of records without processes, and returns the number of bytes.
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
