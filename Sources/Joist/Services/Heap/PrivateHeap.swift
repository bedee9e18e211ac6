// SPDX-License-Identifier: Apache-2.0
//
// A process's private heap, as the runtime sees it. It is made when the process first uses it.
// PH1. Only the process that owns a heap touches it, on its own stack; `held` alone is for other threads.
// PH2. References are numbers (HN1). Their objects move in an allocation, a collection and an adoption, so no address
//      into a block is kept across any of these. `withElements` pins the heap, and these calls then trap.
// PH3. The structure keeps its address and stays with its record (R7). The next process that uses the record and wants
//      a heap continues with the structure and its numbers. A heap without an owner has no memory, and no reference
//      leads into it.
// PH4. The fields of this structure hold all of the heap's memory at every moment, also within a collection, so all of
//      it is freed, whatever ends the process.

import Synchronization

/// A private heap (PH1); its methods are on its handle.
@safe
@usableFromInline
package struct PrivateHeap: ~Copyable {
  // MARK: The first cache line: the fields read by every access and every allocation

  /// The space of objects that have survived a collection.
  @usableFromInline var old = HeapSpace(isYoung: false)
  /// The space of objects allocated since.
  @usableFromInline var young = HeapSpace(isYoung: true)
  /// The address of the next object, and the current end of the young block.
  @usableFromInline var top: UInt = 0
  @usableFromInline var end: UInt = 0

  // MARK: The second cache line: headers of types that were allocated lately, and so have a layout (HL1)

  @usableFromInline var types: (UInt, UInt, UInt, UInt, UInt, UInt, UInt, UInt) = (0, 0, 0, 0, 0, 0, 0, 0)

  // MARK: Other fields

  /// The bits of the record's handle; `nobody` between two processes.
  @usableFromInline var owner: UInt = PrivateHeap.nobody
  /// The number of young bytes from which a loop collects.
  @usableFromInline var threshold = UInt(Limits.minHeapThreshold)
  /// The end of the old objects.
  var oldTop: UInt = 0
  /// The number of closures that hold addresses of elements (PH2), and the value of `end` to restore after them.
  var pins = 0
  var pinnedEnd: UInt = 0
  /// Whether a collection or a copy runs; the tracer then has the spaces (HC3).
  var isTracing = false
  /// Whether the heap has over-aligned values, aligned to sixteen bytes.
  var hasOverAligned = false
  /// The maximum number of bytes that the process may have.
  var limit = Int.max
  var youngBlock = HeapBlock()
  var oldBlock = HeapBlock()
  /// The block of the next old space, during a full collection.
  var nextBlock = HeapBlock()
  /// The old objects that were written since they became old (HC2).
  var rememberedSet = HeapChunks()
  /// The copies that have no final address yet, and the addresses of the originals in a copied graph (HC5).
  var copied = HeapChunks()
  var origins = HeapChunks()
  /// The number of old bytes after the last full collection.
  var oldAfterFull: UInt = 0
  /// The maximum number of young bytes at recent collections, which decays.
  var recentPeak: UInt = 0
  var youngCollections = 0
  var fullCollections = 0
  /// The bytes of the heap's blocks, stored by the process and read by any thread.
  // Ordering: relaxed; a statistic, from which no thread concludes anything else.
  let held = Atomic<Int>(0)

  /// The owner value of a heap without an owner; no record has this address.
  static var nobody: UInt { 1 }

  /// The offset of `types` from the beginning of the structure.
  @inlinable static var typesOffset: Int { 64 }
}

extension Handle<PrivateHeap> {
  // Sound: new memory, which belongs to one heap forever (PH3).
  static func make() -> Self {
    let bytes = MemoryLayout<PrivateHeap>.size
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    let heap = unsafe memory.bindMemory(to: PrivateHeap.self, capacity: 1)
    unsafe heap.initialize(to: PrivateHeap())
    let types = unsafe withUnsafePointer(to: &heap.pointee.types) {
      unsafe UnsafeRawPointer($0) - UnsafeRawPointer(memory)
    }
    precondition(types == PrivateHeap.typesOffset)
    return unsafe Self(heap)
  }

  /// Returns the cache entry for the header of types whose values or elements have `bytes` bytes.
  ///
  /// The compiler knows the size, so the offset is a constant.
  @inlinable @inline(__always)
  func typeEntry(_ bytes: Int) -> Handle<UInt> { part(UInt.self, at: PrivateHeap.typesOffset + (bytes + 7) & 56) }

  /// The used bytes of each space.
  @usableFromInline var youngUsed: UInt { @inline(__always) get { it.top &- it.young.base } }
  var oldUsed: UInt { @inline(__always) get { it.oldTop &- it.old.base } }

  /// The process that owns the heap.
  var process: ProcessHandle { ProcessHandle(address: it.owner) }

  /// Updates the bytes that the heap holds.
  ///
  /// Of the old space's mapping it counts only the touched part.
  func count() {
    let old = it.oldBlock.isPooled ? it.oldBlock.bytes : HeapBlock.pages(Int(oldUsed))
    let now = it.youngBlock.bytes + old + it.rememberedSet.bytes
    let before = it.held.load(ordering: .relaxed)
    it.held.store(now, ordering: .relaxed)
    Scheduler.current!.it.counters.heapBytes.add(now - before)
  }
}
