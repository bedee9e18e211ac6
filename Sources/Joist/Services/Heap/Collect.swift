// SPDX-License-Identifier: Apache-2.0
//
// Collections of a private heap. A young collection makes the live objects of the young space old; its cost is that of
// the survivors, the remembered set (HC2), and the roots. When the old space has grown to twice the bytes last known to
// be live, a full collection moves all live objects to a new old space.
// HC2. Only a write to an old object can make it refer to a young one. A write to an object that may have references
//      and is not `logged` puts it into the remembered set and marks it logged. A collection traces the objects in the
//      remembered set, and empties it.

import Synchronization

extension Handle<PrivateHeap> {
  /// Frees the objects that the roots do not lead to, and updates the references in the roots in place.
  ///
  /// If there is no memory for the survivors, the process is told to exit; its heap is then unchanged, or empty.
  @usableFromInline
  func collect(fully: Bool, _ traceRoots: (inout HeapTracer) -> Void) {
    let scheduler = willMove("collected")
    let used = youngUsed
    let isFull = fully || oldUsed > max(2 * it.oldAfterFull, UInt(Limits.minHeapFull))
    if used == 0 && !isFull { return }
    let before = oldUsed
    let start = scheduler.it.clock.count
    let visits = isFull ? collectAll(scheduler, traceRoots) : collectYoung(scheduler, traceRoots)
    guard let visits else {
      process.fillHeap()
      return
    }
    finish(scheduler, wasYoung: used, survived: isFull ? oldUsed : oldUsed - before, visits)
    scheduler.noteCollection(since: start)
    if isFull { it.oldAfterFull = oldUsed }
    if it.limit < .max { process.lookAtMemory() }
  }

  /// Frees all objects.
  @usableFromInline
  func collectEverything() {
    let scheduler = willMove("collected")
    scheduler.it.counters.fullCollections.add()
    it.fullCollections += 1
    empty(scheduler, wasYoung: youngUsed, oldUsed: oldUsed)
  }

  /// Empties both spaces; no reference leads into the heap afterwards.
  private func empty(_ scheduler: Handle<Scheduler>, wasYoung young: UInt, oldUsed old: UInt) {
    it.old.renumber(past: old)
    scheduler.give(&it.oldBlock)
    it.old.takeBlock(it.oldBlock)
    it.oldTop = 0
    it.oldAfterFull = 0
    finish(scheduler, wasYoung: young, survived: 0, 0)
  }

  /// Empties the heap because there was no memory for the survivors and some references have been changed already.
  private func lose(_ scheduler: Handle<Scheduler>, wasYoung young: UInt) -> Int? {
    empty(scheduler, wasYoung: young, oldUsed: oldUsed + it.copied.used)
    it.copied.empty(scheduler)
    return nil
  }

  /// Makes the live young objects old; returns the number of references visited, or nil if there is no memory.
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

  /// Moves all live objects to a new old space; returns the number of references visited, or nil if there is no memory.
  private func collectAll(_ scheduler: Handle<Scheduler>, _ traceRoots: (inout HeapTracer) -> Void) -> Int? {
    let used = youngUsed
    let needed = bytesForCopies(of: used + oldUsed)
    if needed > HeapPool.maxBytes {
      guard let block = scheduler.takeHeapBlock(needed) else { return nil }
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

  /// Empties the young space, reopens the heap, and sets the threshold of the next collection.
  private func finish(_ scheduler: Handle<Scheduler>, wasYoung used: UInt, survived: UInt, _ visits: Int) {
    it.rememberedSet.empty(scheduler)
    it.recentPeak = max(used, it.recentPeak - it.recentPeak / 8)
    shrinkYoung(scheduler)
    it.young.renumber(past: used)
    it.top = it.youngBlock.address
    open()
    it.oldAfterFull = max(it.oldAfterFull, survived)
    let minimum = UInt(Limits.minHeapThreshold)
    let maximum = max(UInt(Limits.maxHeapThreshold), oldUsed)
    it.threshold = min(max(minimum, UInt(visits) * UInt(Limits.heapBytesAVisit)), maximum)
    count()
    scheduler.it.counters.heapBytesAllocated.add(Int(used))
    scheduler.it.counters.heapBytesSurvived.add(Int(survived))
    process.charge(Cost.collect(used: used, survived: survived))
  }

  /// Makes the heap inaccessible until `open` (HC3).
  func close() {
    it.isTracing = true
    it.young.span = 0
    it.old.span = 0
    it.end = it.top
  }

  /// Makes the heap accessible again.
  func open() {
    it.young.takeBlock(it.youngBlock)
    it.old.takeBlock(it.oldBlock)
    it.end = it.youngBlock.end
    it.isTracing = false
  }

  /// Returns the maximum number of bytes that copies of `bytes` bytes take.
  ///
  /// They may take more, because over-aligned values may need different padding, and a block is not filled to its end.
  private func bytesForCopies(of bytes: UInt) -> Int { Int(bytes) + (it.hasOverAligned ? Int(bytes / 2) : 0) + 64 }

  /// Makes room behind the old objects for the survivors, if they may be many; returns false if there is no memory.
  private func prepareOld(_ scheduler: Handle<Scheduler>, for bytes: UInt) -> Bool {
    let needed = Int(oldUsed) + bytesForCopies(of: bytes)
    if needed <= it.oldBlock.bytes || needed <= HeapPool.maxBytes { return true }
    let used = oldUsed
    // Addresses cost nothing, so reserve enough of them for later collections.
    let bytes = max(needed, min(2 * needed, Limits.maxHeapBlock))
    guard scheduler.resize(&it.oldBlock, to: bytes, keeping: used) else { return false }
    it.old.takeBlock(it.oldBlock)
    it.oldTop = it.old.base + used
    return true
  }

  /// Moves copies that were made in separate blocks behind the old objects (HC5).
  ///
  /// These are few, otherwise there would have been room. Returns false if there is no memory.
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

  /// Replaces the old space's mapping by a pooled block if that is large enough.
  private func shrinkOld(_ scheduler: Handle<Scheduler>) {
    let used = oldUsed
    guard !it.oldBlock.isPooled, 2 * used <= UInt(HeapPool.maxBytes) else { return }
    _ = scheduler.resize(&it.oldBlock, to: Int(used), keeping: used)
    it.oldTop = it.oldBlock.address + used
  }

  /// Shrinks the young block to twice the recent peak if it is larger than twice that.
  private func shrinkYoung(_ scheduler: Handle<Scheduler>) {
    let wanted = max(Limits.minHeapBlock, 2 * Int(it.recentPeak))
    guard it.youngBlock.bytes > 2 * wanted else { return }
    _ = scheduler.resize(&it.youngBlock, to: wanted, keeping: 0)
  }
}

extension HeapTracer {
  /// Traces an object in the remembered set, and clears its `logged` flag.
  fileprivate mutating func traceRemembered(_ bits: UInt) {
    let object = HeapObject(old.base &+ HeapSpace.bytes(ofSpan: bits &- old.first))
    let header = HeapHeader(bits: object.header.bits & ~HeapHeader.logged)
    object.header = header
    trace(object, header)
  }
}

extension Handle<PrivateHeap> {
  /// Adds an old object that was written, and may now refer to young objects, to the remembered set (HC2).
  @usableFromInline @inline(never)
  func remember(_ bits: UInt) {
    let object = HeapObject(it.old.base &+ HeapSpace.bytes(ofSpan: bits &- it.old.first))
    object.header = HeapHeader(bits: object.header.bits | HeapHeader.logged)
    it.rememberedSet.append(bits, willTouch("written"))
  }
}
