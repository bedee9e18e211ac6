// SPDX-License-Identifier: Apache-2.0
//
// The records: one range of addresses, used from the front. Each record is reused by many processes, until its
// generations run out (N2).
// R5. A record either is free, in the cache of one scheduler or in the common list, or belongs to a process: never
//     both.
// R8. Records are counted as used under the lock but initialised without it, because that touches new memory. Until
//     then their memory is zero; generation zero says that there is no record yet.

import CJoist
import Synchronization

/// All process records of a runtime.
package struct ProcessTable: ~Copyable {
  /// The address of the first record.
  private let base: UInt
  /// The maximum number of live processes.
  let capacity: Int
  /// The number of free records that a scheduler may keep for itself.
  let cached: Int
  /// Guards the fields below; the last one only for writing.
  let lock = SpinLock()
  /// The free records, by the NUMA node of their memory (NU2).
  private let free: Handle<ProcessHandle?>
  /// The groups of records whose memory was given back (R10): a stack of their numbers, located behind the records.
  private let vacant: Handle<UInt32>
  /// The NUMA node of each record's memory (NU2), located behind `vacant`; used if there are several nodes.
  private let nodes: Handle<UInt8>
  // Ordering: relaxed. It becomes true under the lock, before the first record of another node is handed out.
  private let areMany = Atomic<Bool>(false)
  private var vacantCount = 0
  /// Whether a thread has taken all free records to see which can be given back (TT3).
  var isTrimming = false
  /// The highest generation and the highest wait number of all records that were ever given back.
  var lastGeneration: UInt32 = 1
  var lastWait: UInt = 0
  /// The number of records ever used, of which some may not be initialised yet (R8); written under the lock.
  // Ordering: relaxed. It only says how far to look; the generation publishes a record.
  private let used = Atomic<Int>(0)

  /// The size of a record, in whole cache lines.
  package static var recordBytes: Int { (MemoryLayout<ProcessRecord>.stride + 63) & ~63 }

  /// Returns the bytes of `capacity` records, with the numbers of groups and of nodes behind them.
  private static func bytes(for capacity: Int) -> Int {
    capacity * recordBytes + capacity / groupRecords * MemoryLayout<UInt32>.size + capacity
  }

  // Sound: the reservation is this table's alone; records in it are initialised before they are handed out (R5).
  init?(limit: Int, platform: any Platform) {
    capacity = limit
    cached = limit < Limits.processLimitThatMustBeExact ? 0 : Limits.recordsCached
    let bytes = ProcessTable.bytes(for: capacity)
    guard let start = unsafe platform.reserve(bytes: bytes) else { return nil }
    base = UInt(bitPattern: start)
    free = .allocate(count: Limits.maxNumaNodes) { nil }
    vacant = Handle(address: base + UInt(capacity * ProcessTable.recordBytes))
    nodes = Handle(address: base + UInt(bytes - capacity))
  }

  // Sound: the reservation was made by `init`, and no record was ever taken from it.
  /// Returns the address range of a table that no runtime has used to the system.
  func release(_ platform: any Platform) {
    free.free(count: Limits.maxNumaNodes)
    unsafe platform.release(UnsafeMutableRawPointer(bitPattern: base)!, bytes: ProcessTable.bytes(for: capacity))
  }

  /// Returns whether a runtime with that limit can take these records over.
  func serves(_ limit: Int) -> Bool { limit == capacity }

  /// All initialised records.
  // Ordering: acquiring pairs with `makeRecord`.
  var all: some Sequence<ProcessHandle> {
    let base = base
    return (0..<used.load(ordering: .relaxed)).lazy
      .map { ProcessHandle(bits: base + UInt($0 * ProcessTable.recordBytes))! }
      .filter { $0.it.generation.load(ordering: .acquiring) != 0 }  // R8
  }

  /// The number of records ever used, and the first free one of a node; for a moment at which no thread takes or
  /// returns any.
  var usedCount: Int { used.load(ordering: .relaxed) }
  func firstFree(_ node: Int) -> ProcessHandle? { free.advanced(by: node).it }

  // Sound: the address is only noted; the table stays in its core.
  /// The address of the number of records ever used, for debuggers.
  var usedPlace: UInt { unsafe withUnsafePointer(to: used) { UInt(bitPattern: $0) } }

  /// The record with that number.
  subscript(index: Int) -> ProcessHandle {
    ProcessHandle(bits: base + UInt(index * ProcessTable.recordBytes))!
  }

  /// Returns the number of a record.
  @inline(__always)
  func index(of process: ProcessHandle) -> Int {
    Int(process.bits - base) / ProcessTable.recordBytes
  }

  /// Takes at most `maxCount` records out of the table.
  ///
  /// It prefers free records of `node`, then records whose memory was given back, then unused ones, then free ones of
  /// other nodes.
  mutating func take(_ maxCount: Int, home: Handle<RuntimeCore>, near node: Int) -> RecordCache {
    var taken = RecordCache()
    lock.lock()
    if node > 0 { areMany.store(true, ordering: .relaxed) }
    takeFree(of: node, maxCount, &taken)
    if taken.count == 0, let group = takeVacant() {
      let (generation, wait) = (lastGeneration, lastWait)
      lock.unlock()
      return renew(group, maxCount, home, generation, past: wait, node)
    }
    let first = used.load(ordering: .relaxed)
    let end = min(capacity, first + maxCount - taken.count)
    used.store(end, ordering: .relaxed)
    if taken.count == 0 && first == end {
      for other in 0..<home.it.nodeCount { takeFree(of: other, maxCount, &taken) }
    }
    let mayComeBack = isTrimming
    lock.unlock()
    for index in first..<end {
      populate(before: self[index])
      makeRecord(self[index], home, 1, past: 0, node)
      taken.put(self[index])
    }
    guard taken.count == 0 && mayComeBack else { return taken }
    relinquishProcessor()
    return take(maxCount, home: home, near: node)
  }

  /// Takes free records of one node; called under the lock.
  private func takeFree(of node: Int, _ maxCount: Int, _ taken: inout RecordCache) {
    while taken.count < maxCount, let record = free.advanced(by: node).it {
      free.advanced(by: node).it = record.it.next
      taken.put(record)
    }
  }

  /// Initialises the records of a group again, takes at most `maxCount` of them and frees the others.
  private mutating func renew(
    _ group: Range<Int>,
    _ maxCount: Int,
    _ home: Handle<RuntimeCore>,
    _ generation: UInt32,
    past wait: UInt,
    _ node: Int
  ) -> RecordCache {
    var (taken, others) = (RecordCache(), RecordCache())
    for index in group {
      makeRecord(self[index], home, generation, past: wait, node)
      if taken.count < maxCount { taken.put(self[index]) } else { others.put(self[index]) }
    }
    put(&others)
    return taken
  }

  /// The number of records that fill whole pages (TT1), and the records of a group.
  static var groupRecords: Int { HostPlatform.pageBytes * 3 / recordBytes }
  func records(ofGroup group: Int) -> Range<Int> {
    group * ProcessTable.groupRecords..<(group + 1) * ProcessTable.groupRecords
  }

  /// Notes that the memory of a group was given back; called under the lock.
  mutating func putVacant(_ group: Int) {
    vacant.advanced(by: vacantCount).it = UInt32(group)
    vacantCount += 1
  }

  /// Takes a group whose memory was given back; called under the lock.
  private mutating func takeVacant() -> Range<Int>? {
    guard vacantCount > 0 else { return nil }
    vacantCount -= 1
    return records(ofGroup: Int(vacant.advanced(by: vacantCount).it))
  }

  // Sound: the next piece lies within the reservation, or the system refuses.
  /// Has the system provide the memory of the next piece when a record is the first of a piece.
  private func populate(before record: ProcessHandle) {
    let piece = Limits.recordBytesAtOnce
    let next = (record.bits - base + piece - 1) / piece * piece
    guard record.bits - base >= piece, next - (record.bits - base) < UInt(ProcessTable.recordBytes) else { return }
    unsafe joist_populate(UnsafeMutableRawPointer(bitPattern: base + next)!, Int(piece))
  }

  /// Makes a record out of zeroed memory.
  // Ordering: releasing publishes the record to `all` (R8).
  private func makeRecord(
    _ record: ProcessHandle,
    _ home: Handle<RuntimeCore>,
    _ generation: UInt32,
    past wait: UInt,
    _ node: Int
  ) {
    record.renew(home, past: wait)
    if areMany.load(ordering: .relaxed) { nodes.advanced(by: index(of: record)).it = UInt8(node) }
    record.it.generation.store(generation, ordering: .releasing)
  }

  /// Returns whether a record belongs to this table.
  func contains(_ record: ProcessHandle) -> Bool {
    record.bits &- base < UInt(capacity * ProcessTable.recordBytes)
  }

  /// Frees all records in order, so that they are taken from the front again and runs of a simulation are alike.
  // Ordering: relaxed. No thread uses the records.
  mutating func beginAnew(_ home: Handle<RuntimeCore>) {
    if areMany.load(ordering: .relaxed) { forgetNodes() }
    while let group = takeVacant() {
      for index in group { makeRecord(self[index], home, lastGeneration, past: lastWait, 0) }
    }
    for node in 0..<Limits.maxNumaNodes { free.advanced(by: node).it = nil }
    for index in (0..<used.load(ordering: .relaxed)).reversed() {
      let record = self[index]
      // Its generations have run out.
      guard record.it.generation.load(ordering: .relaxed) != .max else { continue }
      putFree(record)
    }
  }

  /// Returns records to the table.
  mutating func put(_ records: inout RecordCache) {
    lock.lock()
    defer { lock.unlock() }
    while let record = records.take() { putFree(record) }
  }

  /// Returns one record to the table; called under the lock.
  func putFree(_ record: ProcessHandle) {
    let list = free.advanced(by: node(of: record))
    record.it.next = list.it
    list.it = record
  }

  /// Returns the NUMA node of a record's memory.
  func node(of record: ProcessHandle) -> Int {
    areMany.load(ordering: .relaxed) ? Int(nodes.advanced(by: index(of: record)).it) : 0
  }

  /// Forgets the nodes of all records, because the next runtime may have other ones.
  private mutating func forgetNodes() {
    for index in 0..<used.load(ordering: .relaxed) { nodes.advanced(by: index).it = 0 }
    areMany.store(false, ordering: .relaxed)
  }

  /// Takes all free records, by node; called under the lock.
  func takeAllFree(into lists: inout [RecordCache]) {
    for node in lists.indices { lists[node] = RecordCache(takingOver: &free.advanced(by: node).it) }
  }
}

/// A list of free records.
struct RecordCache {
  private(set) var first: ProcessHandle?
  private(set) var count = 0

  init() {}

  /// Takes over a list of unknown length; `count` does not include it.
  init(takingOver list: inout ProcessHandle?) {
    first = list
    list = nil
  }

  @inline(__always)
  mutating func take() -> ProcessHandle? {
    guard let record = first else { return nil }
    first = record.it.next
    count &-= 1
    return record
  }

  @inline(__always)
  mutating func put(_ record: ProcessHandle) {
    record.it.next = first
    first = record
    count &+= 1
  }
}

extension Handle<RuntimeCore> {
  /// Takes a free record, or returns nil at the limit.
  @inline(__always)
  func takeRecord(_ scheduler: Handle<Scheduler>?) -> ProcessHandle? {
    if let scheduler, let record = scheduler.it.records.take() { return record }
    return takeRecordFromTable(scheduler)
  }

  @inline(never)
  private func takeRecordFromTable(_ scheduler: Handle<Scheduler>?) -> ProcessHandle? {
    let batch = scheduler == nil ? 1 : max(1, it.table.cached / 2)
    var taken = it.table.take(batch, home: self, near: scheduler?.it.node ?? it.currentNode)
    let record = taken.take()
    if taken.count > 0, let scheduler { scheduler.it.records = taken }
    return record
  }

  /// Returns the record of a process that has ended, unless its generations have run out.
  // Ordering: relaxed. The generation is that of a process which this thread has now (R9).
  @inline(__always)
  func giveRecord(_ record: ProcessHandle, _ scheduler: Handle<Scheduler>) {
    if record.it.generation.load(ordering: .relaxed) == .max { return }
    scheduler.it.records.put(record)
    if scheduler.it.records.count > it.table.cached {
      it.table.put(&scheduler.it.records)
    }
  }
}
