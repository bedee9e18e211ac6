// SPDX-License-Identifier: Apache-2.0
//
// The records: one stretch of addresses, used from the front, each record again and again.
// R5. A record is free, in a cache of one scheduler or in the common list, or it is a process's: never both.
// R6. A record whose generations have run out is never used again (N2).
// R8. Records are counted as used under the lock and initialised without it, for that touches new memory. Until then
//     their memory is zero, and a generation of zero says that there is no record yet.

import CJoist
import Synchronization

/// All records of a runtime.
package struct ProcessTable: ~Copyable {
  /// Where the first one is.
  private let base: UInt
  /// How many processes can live at once.
  let capacity: Int
  /// Records that a scheduler may keep for itself.
  let cached: Int
  /// Guards the fields below, the last for writing.
  let lock = SpinLock()
  /// Free records, by the NUMA node whose memory they are (NU2).
  private let free: Handle<ProcessHandle?>
  /// Groups of records whose memory was given back (R10): a stack of their numbers, behind the records.
  private let vacant: Handle<UInt32>
  /// The NUMA node whose memory a record is (NU2), behind these: of each record, where there are many nodes.
  private let nodes: Handle<UInt8>
  // Ordering: relaxed. It becomes true under the lock, before the first record of another node is handed out.
  private let areMany = Atomic<Bool>(false)
  private var vacantCount = 0
  /// Somebody has all free records in hand, to see which may go (TT3).
  var isTrimming = false
  /// Of those, and of all before them: the highest generation, and number of a wait.
  var lastGeneration: UInt32 = 1
  var lastWait: UInt = 0
  /// Records that were ever used, some perhaps not initialised yet (R8): written under the lock, read by anyone.
  // Ordering: relaxed, for it only says how far to look; the generation publishes a record.
  private let used = Atomic<Int>(0)

  /// Whole cache lines (R1).
  package static var recordBytes: Int { (MemoryLayout<ProcessRecord>.stride + 63) & ~63 }

  /// The bytes that `capacity` records take, with the numbers of groups and of nodes behind them.
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
  /// Gives the addresses back of a table that no runtime has used.
  func release(_ platform: any Platform) {
    free.free(count: Limits.maxNumaNodes)
    unsafe platform.release(UnsafeMutableRawPointer(bitPattern: base)!, bytes: ProcessTable.bytes(for: capacity))
  }

  /// Whether a runtime with that limit can go on with these records.
  func serves(_ limit: Int) -> Bool { limit == capacity }

  /// The records that were ever used.
  // Ordering: acquiring pairs with `makeRecord`.
  var all: some Sequence<ProcessHandle> {
    let base = base
    return (0..<used.load(ordering: .relaxed)).lazy
      .map { ProcessHandle(bits: base + UInt($0 * ProcessTable.recordBytes))! }
      .filter { $0.it.generation.load(ordering: .acquiring) != 0 }  // R8
  }

  /// How many that are, and the first free one of a node, while nobody takes or gives any.
  var usedCount: Int { used.load(ordering: .relaxed) }
  func firstFree(_ node: Int) -> ProcessHandle? { free.advanced(by: node).it }

  /// The record with a number.
  subscript(index: Int) -> ProcessHandle {
    ProcessHandle(bits: base + UInt(index * ProcessTable.recordBytes))!
  }

  /// A record's number.
  @inline(__always)
  func index(of process: ProcessHandle) -> Int {
    Int(process.bits - base) / ProcessTable.recordBytes
  }

  /// Takes records: free ones of that node first, then ones without memory, then unused ones, then free ones of other
  /// nodes; as many as there are, up to `most`.
  mutating func take(_ most: Int, home: Handle<RuntimeCore>, near node: Int) -> RecordCache {
    var taken = RecordCache()
    lock.lock()
    if node > 0 { areMany.store(true, ordering: .relaxed) }
    takeFree(of: node, most, &taken)
    if taken.count == 0, let group = takeVacant() {
      let (generation, wait) = (lastGeneration, lastWait)
      lock.unlock()
      return renew(group, most, home, generation, past: wait, node)
    }
    let first = used.load(ordering: .relaxed)
    let end = min(capacity, first + most - taken.count)
    used.store(end, ordering: .relaxed)
    if taken.count == 0 && first == end {
      for other in 0..<home.it.nodeCount { takeFree(of: other, most, &taken) }
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
    return take(most, home: home, near: node)
  }

  /// Under the lock.
  private func takeFree(of node: Int, _ most: Int, _ taken: inout RecordCache) {
    while taken.count < most, let record = free.advanced(by: node).it {
      free.advanced(by: node).it = record.it.next
      taken.put(record)
    }
  }

  /// Makes the records of a group anew, and takes up to so many; the others are free.
  private mutating func renew(
    _ group: Range<Int>,
    _ most: Int,
    _ home: Handle<RuntimeCore>,
    _ generation: UInt32,
    past wait: UInt,
    _ node: Int
  ) -> RecordCache {
    var (taken, others) = (RecordCache(), RecordCache())
    for index in group {
      makeRecord(self[index], home, generation, past: wait, node)
      if taken.count < most { taken.put(self[index]) } else { others.put(self[index]) }
    }
    put(&others)
    return taken
  }

  /// Records that fill whole pages (TT1), and those of a group.
  static var groupRecords: Int { HostPlatform.pageBytes * 3 / recordBytes }
  func records(ofGroup group: Int) -> Range<Int> {
    group * ProcessTable.groupRecords..<(group + 1) * ProcessTable.groupRecords
  }

  /// The memory of a group has been given back; under the lock.
  mutating func putVacant(_ group: Int) {
    vacant.advanced(by: vacantCount).it = UInt32(group)
    vacantCount += 1
  }

  /// The records of a group without memory; under the lock.
  private mutating func takeVacant() -> Range<Int>? {
    guard vacantCount > 0 else { return nil }
    vacantCount -= 1
    return records(ofGroup: Int(vacant.advanced(by: vacantCount).it))
  }

  // Sound: the next piece lies within the reservation, or the system refuses.
  /// Has the next piece of memory there when a record is the first of a piece.
  private func populate(before record: ProcessHandle) {
    let piece = Limits.recordBytesAtOnce
    let next = (record.bits - base + piece - 1) / piece * piece
    guard record.bits - base >= piece, next - (record.bits - base) < UInt(ProcessTable.recordBytes) else { return }
    unsafe joist_populate(UnsafeMutableRawPointer(bitPattern: base + next)!, Int(piece))
  }

  /// Makes a record of memory that is zero.
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

  /// Whether a record is one of this table's.
  func contains(_ record: ProcessHandle) -> Bool {
    record.bits &- base < UInt(capacity * ProcessTable.recordBytes)
  }

  /// All records are free, and are taken from the front again: so that a simulation's runs are alike.
  // Ordering: relaxed, for no thread uses them.
  mutating func beginAnew(_ home: Handle<RuntimeCore>) {
    if areMany.load(ordering: .relaxed) { forgetNodes() }
    while let group = takeVacant() {
      for index in group { makeRecord(self[index], home, lastGeneration, past: lastWait, 0) }
    }
    for node in 0..<Limits.maxNumaNodes { free.advanced(by: node).it = nil }
    for index in (0..<used.load(ordering: .relaxed)).reversed() {
      let record = self[index]
      // R6
      guard record.it.generation.load(ordering: .relaxed) != .max else { continue }
      putFree(record)
    }
  }

  /// Takes records back.
  mutating func put(_ records: inout RecordCache) {
    lock.lock()
    defer { lock.unlock() }
    while let record = records.take() { putFree(record) }
  }

  /// Takes one back, under the lock.
  func putFree(_ record: ProcessHandle) {
    let list = free.advanced(by: node(of: record))
    record.it.next = list.it
    list.it = record
  }

  /// The node whose memory a record is.
  func node(of record: ProcessHandle) -> Int {
    areMany.load(ordering: .relaxed) ? Int(nodes.advanced(by: index(of: record)).it) : 0
  }

  /// The next runtime may have other nodes.
  private mutating func forgetNodes() {
    for index in 0..<used.load(ordering: .relaxed) { nodes.advanced(by: index).it = 0 }
    areMany.store(false, ordering: .relaxed)
  }

  /// Takes all free ones, by node; under the lock.
  func takeAllFree(into lists: inout [RecordCache]) {
    for node in lists.indices { lists[node] = RecordCache(takingOver: &free.advanced(by: node).it) }
  }
}

/// A few free records.
struct RecordCache {
  private(set) var first: ProcessHandle?
  private(set) var count = 0

  init() {}

  /// All of a list, however many they are: the count is none.
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
  /// A free record; nil at the limit.
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

  /// Ends the use of a record by its process: nobody finds it by its old reference any more.
  // Ordering: the process's own, which is this thread's now (R9).
  @inline(__always)
  func giveRecord(_ record: ProcessHandle, _ scheduler: Handle<Scheduler>) {
    if record.it.generation.load(ordering: .relaxed) == .max { return }  // R6
    scheduler.it.records.put(record)
    if scheduler.it.records.count > it.table.cached {
      it.table.put(&scheduler.it.records)
    }
  }
}
