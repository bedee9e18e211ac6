// SPDX-License-Identifier: Apache-2.0
//
// Collections. A young one makes old what is wanted of the young space; its cost is what survives, what was written
// (HC2), and the roots. When the old space has grown to twice what was last known to be alive, all that is wanted moves
// to a new one.
// HC2. References from old to young objects come from writing into old ones alone. Who writes into one that may have
//      references and is not `logged` has it remembered, and so settled; a collection traces what is remembered, and
//      forgets it.

import Synchronization

extension Handle<PrivateHeap> {
  /// Collects what the roots do not lead to; they are changed in place.
  ///
  /// If there is no memory for that, the process is told to exit; its heap is as it was, or empty.
  @usableFromInline
  func collect(fully: Bool, _ traceRoots: (inout HeapTracer) -> Void) {
    let scheduler = willMove("collected")
    let used = youngUsed
    let isFull = fully || oldUsed > max(2 * it.oldAfterFull, UInt(Limits.heapFullLeast))
    if used == 0 && !isFull { return }
    let before = oldUsed
    let visits = isFull ? collectAll(scheduler, traceRoots) : collectYoung(scheduler, traceRoots)
    guard let visits else {
      process.fillHeap()
      return
    }
    finish(scheduler, wasYoung: used, survived: isFull ? oldUsed : oldUsed - before, visits)
    if isFull { it.oldAfterFull = oldUsed }
    if it.limit < .max { process.lookAtMemory() }
  }

  /// Nothing is wanted any more.
  @usableFromInline
  func collectEverything() {
    let scheduler = willMove("collected")
    scheduler.it.counters.fullCollections.add()
    it.fullCollections += 1
    empty(scheduler, wasYoung: youngUsed, oldUsed: oldUsed)
  }

  /// Nothing leads here any more.
  private func empty(_ scheduler: Handle<Scheduler>, wasYoung young: UInt, oldUsed old: UInt) {
    it.old.renumber(past: old)
    scheduler.give(&it.oldBlock)
    it.old.takeBlock(it.oldBlock)
    it.oldTop = 0
    it.oldAfterFull = 0
    finish(scheduler, wasYoung: young, survived: 0, 0)
  }

  /// There was no memory for what survives, and references to some of it have been changed: all is lost.
  private func lose(_ scheduler: Handle<Scheduler>, wasYoung young: UInt) -> Int? {
    empty(scheduler, wasYoung: young, oldUsed: oldUsed + it.copied.used)
    it.copied.empty(scheduler)
    return nil
  }

  /// Makes old what is wanted of what is young; how many references were visited, or nil when there is no memory.
  private func collectYoung(_ scheduler: Handle<Scheduler>, _ traceRoots: (inout HeapTracer) -> Void) -> Int? {
    let used = youngUsed
    guard prepareOld(scheduler, for: used) else { return nil }
    let end = it.oldBlock.end
    var tracer = HeapTracer(self, .young, to: it.oldTop, end: end, first: it.old.bits(of: it.oldTop))
    close()
    traceRoots(&tracer)
    for bits in it.rememberedSet.words { tracer.traceRemembered(bits) }
    tracer.traceCopies()
    tracer.closeBlock()
    it.oldTop = it.copied.last == nil ? tracer.to : tracer.firstEnd
    guard !tracer.hasFailed, appendCopies(scheduler) else { return lose(scheduler, wasYoung: used) }
    it.old.takeBlock(it.oldBlock)
    scheduler.it.counters.youngCollections.add()
    it.youngCollections += 1
    return tracer.visits
  }

  /// Moves all that is wanted to a new old space; likewise.
  private func collectAll(_ scheduler: Handle<Scheduler>, _ traceRoots: (inout HeapTracer) -> Void) -> Int? {
    let used = youngUsed
    let most = bytesForCopies(of: used + oldUsed)
    if most > HeapPool.maxBytes {
      guard let block = scheduler.takeHeapBlock(most) else { return nil }
      it.nextBlock = block
    }
    var space = it.old
    space.renumber(past: oldUsed)
    let next = it.nextBlock
    var tracer = HeapTracer(self, .all, to: next.address, end: next.end, first: space.first)
    close()
    traceRoots(&tracer)
    tracer.traceCopies()
    tracer.closeBlock()
    scheduler.give(&it.oldBlock)
    swap(&it.oldBlock, &it.nextBlock)
    it.oldTop = it.copied.last == nil ? tracer.to : tracer.firstEnd
    space.takeBlock(it.oldBlock)
    it.old = space
    guard !tracer.hasFailed, appendCopies(scheduler) else { return lose(scheduler, wasYoung: used) }
    shrinkOld(scheduler)
    it.old.takeBlock(it.oldBlock)
    scheduler.it.counters.fullCollections.add()
    it.fullCollections += 1
    return tracer.visits
  }

  /// The young space is empty, and everything is as usual again.
  private func finish(_ scheduler: Handle<Scheduler>, wasYoung used: UInt, survived: UInt, _ visits: Int) {
    it.rememberedSet.empty(scheduler)
    it.recentPeak = max(used, it.recentPeak - it.recentPeak / 8)
    shrinkYoung(scheduler)
    it.young.renumber(past: used)
    it.top = it.youngBlock.address
    open()
    it.oldAfterFull = max(it.oldAfterFull, survived)
    let least = UInt(Limits.heapThresholdLeast)
    let most = max(UInt(Limits.heapThresholdMost), oldUsed)
    it.threshold = min(max(least, UInt(visits) * UInt(Limits.heapBytesAVisit)), most)
    count()
    scheduler.it.counters.heapBytesAllocated.add(Int(used))
    scheduler.it.counters.heapBytesSurvived.add(Int(survived))
    process.charge(Cost.collect(used: used, survived: survived))
  }

  /// Nobody looks into the heap until `open` (HC3).
  func close() {
    it.isTracing = true
    it.young.span = 0
    it.old.span = 0
    it.end = it.top
  }

  /// It is as usual again.
  func open() {
    it.young.takeBlock(it.youngBlock)
    it.old.takeBlock(it.oldBlock)
    it.end = it.youngBlock.end
    it.isTracing = false
  }

  /// Copies of so many bytes may need so many: wide values may lie otherwise, and a block ends a little before its end.
  private func bytesForCopies(of bytes: UInt) -> Int { Int(bytes) + (it.hasWide ? Int(bytes / 2) : 0) + 64 }

  /// Sees to it that what survives has room behind what is old, if it may be much; false when there is no memory.
  private func prepareOld(_ scheduler: Handle<Scheduler>, for bytes: UInt) -> Bool {
    let most = Int(oldUsed) + bytesForCopies(of: bytes)
    if most <= it.oldBlock.bytes || most <= HeapPool.maxBytes { return true }
    let used = oldUsed
    // Addresses cost nothing: enough of them for the next times.
    let bytes = max(most, min(2 * most, Limits.heapBlockMost))
    guard scheduler.resize(&it.oldBlock, to: bytes, keeping: used) else { return false }
    it.old.takeBlock(it.oldBlock)
    it.oldTop = it.old.base + used
    return true
  }

  /// Puts copies that were made in blocks of their own behind what is old (HC5): not many, or there would be room.
  ///
  /// False when there is no memory.
  private func appendCopies(_ scheduler: Handle<Scheduler>) -> Bool {
    guard it.copied.last != nil else { return true }
    let (used, total) = (oldUsed, it.copied.used)
    if Int(used + total) > it.oldBlock.bytes {
      guard scheduler.resize(&it.oldBlock, to: Int(used + total), keeping: used) else { return false }
      it.old.takeBlock(it.oldBlock)
      it.oldTop = it.old.base + used
    }
    for chunk in it.copied.all {
      HeapBlock.copy(from: chunk.start, to: it.oldTop, bytes: chunk.used)
      it.oldTop += chunk.used
    }
    it.copied.empty(scheduler)
    return true
  }

  /// A mapping is more than little needs.
  private func shrinkOld(_ scheduler: Handle<Scheduler>) {
    let used = oldUsed
    guard !it.oldBlock.isPooled, 2 * used <= UInt(HeapPool.maxBytes) else { return }
    _ = scheduler.resize(&it.oldBlock, to: Int(used), keeping: used)
    it.oldTop = it.oldBlock.address + used
  }

  /// A block four times as large as has been needed lately is made half as large, or more.
  private func shrinkYoung(_ scheduler: Handle<Scheduler>) {
    let wanted = max(Limits.heapBlockLeast, 2 * Int(it.recentPeak))
    guard it.youngBlock.bytes > 2 * wanted else { return }
    _ = scheduler.resize(&it.youngBlock, to: wanted, keeping: 0)
  }
}

extension HeapTracer {
  /// Traces an old object that was written.
  fileprivate mutating func traceRemembered(_ bits: UInt) {
    let object = HeapObject(old.base &+ HeapSpace.bytes(ofSpan: bits &- old.first))
    let header = HeapHeader(bits: object.header.bits & ~HeapHeader.logged)
    object.header = header
    trace(object, header)
  }
}

extension Handle<PrivateHeap> {
  /// An old object was written that may refer to young ones now (HC2).
  @usableFromInline @inline(never)
  func remember(_ bits: UInt) {
    let object = HeapObject(it.old.base &+ HeapSpace.bytes(ofSpan: bits &- it.old.first))
    object.header = HeapHeader(bits: object.header.bits | HeapHeader.logged)
    it.rememberedSet.append(bits, willTouch("written"))
  }
}
