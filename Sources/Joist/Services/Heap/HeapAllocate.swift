// SPDX-License-Identifier: Apache-2.0
//
// Allocation, where it does not just go on behind the last object: a type that was not used lately, a block that is
// full.

import Synchronization

extension Handle<PrivateHeap> {
  /// Room for a value, of a type that has a layout then.
  @usableFromInline @inline(never)
  func makeRoom<Value: BitwiseCopyable>(for type: Value.Type) throws(ProcessExit) -> UInt {
    _ = willMove("allocated on")
    know(type, HeapLayout.key(type), isArray: false)
    let bytes = HeapHeader.bytes &+ HeapHeader.inWords(UInt(MemoryLayout<Value>.size))
    return try makeRoom(bytes, before: MemoryLayout<Value>.alignment > 8 ? HeapHeader.bytes : nil)
  }

  /// Room for an array, of a type that has a layout then.
  @usableFromInline @inline(never)
  func makeRoom<Element: BitwiseCopyable>(
    for type: Element.Type,
    count: Int
  ) throws(ProcessExit) -> UInt {
    _ = willMove("allocated on")
    guard count >= 0 else { fatalError("Joist: an array on a heap cannot have \(count) elements") }
    know(type, HeapLayout.arrayKey(type), isArray: true)
    let (bytes, isTooLarge) = UInt(count).multipliedReportingOverflow(by: UInt(MemoryLayout<Element>.stride))
    guard !isTooLarge, bytes <= UInt(Limits.heapBlockMost) else { throw process.fillHeap() }
    let all = HeapHeader.arrayBytes &+ HeapHeader.inWords(bytes)
    return try makeRoom(all, before: MemoryLayout<Element>.alignment > 8 ? HeapHeader.arrayBytes : nil)
  }

  /// Makes sure that a type has a layout, and notes that where it is found fast.
  @inline(__always)
  private func know<Value: BitwiseCopyable>(_ type: Value.Type, _ key: UInt, isArray: Bool) {
    let header = HeapHeader(key: key).bits
    let entry = typeEntry(MemoryLayout<Value>.size)
    guard entry.it != header else { return }
    HeapLayoutTable.shared.know(type, key, isArray: isArray)
    entry.it = header
  }

  /// Room for so many bytes at `top`; what lies so far behind it is to be aligned to sixteen bytes, if that is said.
  func makeRoom(_ bytes: UInt, before overAligned: UInt?) throws(ProcessExit) -> UInt {
    let scheduler = willMove("allocated on")
    let all = bytes &+ (overAligned == nil ? 0 : 8)
    if it.end &- it.top < all { try grow(by: all, scheduler) }
    guard let overAligned else { return it.top }
    it.hasWide = true
    if (it.top &+ overAligned) & 15 != 0 {
      HeapObject(it.top).header = HeapHeader(bits: 0)
      it.top &+= 8
    }
    return it.top
  }

  /// The young block becomes twice as large, or as large as is needed, within the limit.
  private func grow(by need: UInt, _ scheduler: Handle<Scheduler>) throws(ProcessExit) {
    let used = youngUsed
    let needed = Int(used + need)
    let block = it.youngBlock.bytes
    let others = it.held.load(ordering: .relaxed) - block
    var bytes = max(HeapBlock.powerOfTwo(needed), 2 * block)
    let most = it.limit == .max ? .max : it.limit - process.bytesBesidesHeap - others
    if bytes > most { bytes = HeapBlock.rounded(down: most) }
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
  /// It has no room for what it wants on its heap: every call throws from now on, with that reason or one it had.
  @discardableResult
  func fillHeap() -> ProcessExit {
    beginExit(.memoryLimit)
    return ProcessExit(reason: presentExitReason)
  }
}
