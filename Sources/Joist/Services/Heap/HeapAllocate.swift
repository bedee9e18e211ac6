// SPDX-License-Identifier: Apache-2.0
//
// The slow paths of allocation: a type that was not allocated lately, and a block that is full.

import Synchronization

extension Handle<PrivateHeap> {
  /// Makes room for a value and makes sure that its type has a layout; returns the object's address.
  @usableFromInline @inline(never)
  func makeRoom<Value: BitwiseCopyable>(for type: Value.Type) throws(ProcessExit) -> UInt {
    _ = willMove("allocated on")
    ensureLayout(type, HeapLayout.key(type), isArray: false)
    let bytes = HeapHeader.bytes &+ HeapHeader.inWords(UInt(MemoryLayout<Value>.size))
    return try makeRoom(bytes, before: MemoryLayout<Value>.alignment > 8 ? HeapHeader.bytes : nil)
  }

  /// Makes room for an array and makes sure that its type has a layout; returns the object's address.
  @usableFromInline @inline(never)
  func makeRoom<Element: BitwiseCopyable>(
    for type: Element.Type,
    count: Int
  ) throws(ProcessExit) -> UInt {
    _ = willMove("allocated on")
    guard count >= 0 else { fatalError("Joist: an array on a heap cannot have \(count) elements") }
    ensureLayout(type, HeapLayout.arrayKey(type), isArray: true)
    let (bytes, isTooLarge) = UInt(count).multipliedReportingOverflow(by: UInt(MemoryLayout<Element>.stride))
    guard !isTooLarge, bytes <= UInt(Limits.maxHeapBlock) else { throw process.fillHeap() }
    let all = HeapHeader.arrayBytes &+ HeapHeader.inWords(bytes)
    return try makeRoom(all, before: MemoryLayout<Element>.alignment > 8 ? HeapHeader.arrayBytes : nil)
  }

  /// Makes sure that a type has a layout, and caches its header for the fast path.
  @inline(__always)
  private func ensureLayout<Value: BitwiseCopyable>(_ type: Value.Type, _ key: UInt, isArray: Bool) {
    let header = HeapHeader(key: key).bits
    let entry = typeEntry(MemoryLayout<Value>.size)
    guard entry.it != header else { return }
    HeapLayoutTable.shared.ensureLayout(type, key, isArray: isArray)
    entry.it = header
  }

  /// Makes room for `bytes` bytes at `top`, and returns `top`.
  ///
  /// If `overAligned` is given, aligns the address at that offset from `top` to sixteen bytes.
  func makeRoom(_ bytes: UInt, before overAligned: UInt?) throws(ProcessExit) -> UInt {
    let scheduler = willMove("allocated on")
    let all = bytes &+ (overAligned == nil ? 0 : 8)
    if it.end &- it.top < all { try grow(by: all, scheduler) }
    guard let overAligned else { return it.top }
    it.hasOverAligned = true
    if (it.top &+ overAligned) & 15 != 0 {
      HeapObject(it.top).header = HeapHeader(bits: 0)
      it.top &+= 8
    }
    return it.top
  }

  /// Doubles the young block, or makes it as large as needed, within the process's limit.
  private func grow(by need: UInt, _ scheduler: Handle<Scheduler>) throws(ProcessExit) {
    let used = youngUsed
    let needed = Int(used + need)
    let block = it.youngBlock.bytes
    let others = it.held.load(ordering: .relaxed) - block
    var bytes = max(HeapBlock.powerOfTwo(needed), 2 * block)
    let maxBytes = it.limit == .max ? .max : it.limit - process.bytesBesidesHeap - others
    if bytes > maxBytes { bytes = HeapBlock.rounded(down: maxBytes) }
    guard bytes >= needed, scheduler.resize(&it.youngBlock, to: bytes, keeping: used) else {
      throw process.fillHeap()
    }
    it.young.takeBlock(it.youngBlock)
    it.top = it.young.base &+ used
    it.end = it.youngBlock.end
    count()
    process.charge(Cost.grow(it.youngBlock.bytes - block))
  }
}

extension Handle<ProcessRecord> {
  /// Tells the process to exit because its heap has no room; returns the error that every call throws from now on.
  ///
  /// The error carries the reason of an exit that began before, if there is one.
  @discardableResult
  func fillHeap() -> ProcessExit {
    beginExit(.memoryLimit)
    return ProcessExit(reason: presentExitReason)
  }
}
