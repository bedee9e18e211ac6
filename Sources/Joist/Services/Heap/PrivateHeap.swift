// SPDX-License-Identifier: Apache-2.0
//
// A process's private heap, as the runtime sees it. It is made at the process's first use of it.
// PH1. A heap is touched by the process that owns it, on its own stack, and nobody else; `held` alone is for others.
// PH2. References are numbers (HN1). What they lead to moves in an allocation, a collection and an adoption, so no
//      address into a block is kept across one of these. `withElements` pins the heap: then they are refused.
// PH3. What this structure is made of keeps its address and is kept with its record (R7): the next process that has
//      the record and wants a heap goes on with it and its numbers. A heap that is nobody's has no memory, and no
//      reference leads into it.
// PH4. All memory is in the fields of this structure at every moment, also within a collection: so it is given back
//      whole, whatever ends the process.

import Synchronization

/// A private heap (PH1); its methods are on its handle.
@safe
@usableFromInline
package struct PrivateHeap: ~Copyable {
  // MARK: The first line: what is read for every access and every allocation

  /// What has survived a collection.
  @usableFromInline var old = HeapSpace(isYoung: false)
  /// What was allocated since.
  @usableFromInline var young = HeapSpace(isYoung: true)
  /// Where the next object goes, and where the young block ends for now.
  @usableFromInline var top: UInt = 0
  @usableFromInline var end: UInt = 0

  // MARK: The second line: headers of types that were allocated lately, which have a layout therefore (HL1)

  @usableFromInline var types: (UInt, UInt, UInt, UInt, UInt, UInt, UInt, UInt) = (0, 0, 0, 0, 0, 0, 0, 0)

  // MARK: The rest

  /// The bits of the record's handle; `nobody` between two processes.
  @usableFromInline var owner: UInt = PrivateHeap.nobody
  /// A loop may collect when so many bytes are young.
  @usableFromInline var threshold = UInt(Limits.heapThresholdLeast)
  /// Where what is old ends.
  var oldTop: UInt = 0
  /// How many closures have addresses of elements (PH2), and the true `end` meanwhile.
  var pins = 0
  var pinnedEnd: UInt = 0
  /// A collection or a copy goes on; the spaces as they are meanwhile are in the tracer (HC3).
  var isTracing = false
  /// It has values that are aligned to sixteen bytes.
  var hasWide = false
  /// The process may have blocks of so many bytes.
  var limit = Int.max
  var youngBlock = HeapBlock()
  var oldBlock = HeapBlock()
  /// Of the old space that there will be after a full collection.
  var nextBlock = HeapBlock()
  /// Old objects that were written since they are old (HC2).
  var rememberedSet = HeapChunks()
  /// What is copied just now and has no place yet, and where copies came from (HC5).
  var copied = HeapChunks()
  var origins = HeapChunks()
  /// What was old when all was last collected.
  var oldAfterFull: UInt = 0
  /// The most that was young at a collection, forgotten bit by bit.
  var recentPeak: UInt = 0
  var youngCollections = 0
  var fullCollections = 0
  /// Bytes of blocks: stored by the process, read by anyone.
  // Ordering: relaxed; a figure, from which others conclude nothing.
  let held = Atomic<Int>(0)

  /// No record has this address.
  static var nobody: UInt { 1 }

  /// From its beginning to the headers of types.
  @inlinable static var typesOffset: Int { 64 }
}

extension Handle<PrivateHeap> {
  // Sound: new memory, for ever one heap's (PH3).
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

  /// Where the header of a type may be whose values, or elements, have so many bytes: which the compiler knows.
  @inlinable @inline(__always)
  func typeEntry(_ bytes: Int) -> Handle<UInt> { part(UInt.self, at: PrivateHeap.typesOffset + (bytes + 7) & 56) }

  /// Bytes that are used in either space.
  @usableFromInline var youngUsed: UInt { @inline(__always) get { it.top &- it.young.base } }
  var oldUsed: UInt { @inline(__always) get { it.oldTop &- it.old.base } }

  /// Whose it is.
  var process: ProcessHandle { ProcessHandle(address: it.owner) }

  /// Looks how much memory it has now.
  ///
  /// The old space's mapping is larger than what it has touched.
  func count() {
    let old = it.oldBlock.isPooled ? it.oldBlock.bytes : HeapBlock.pages(Int(oldUsed))
    let now = it.youngBlock.bytes + old + it.rememberedSet.bytes
    let before = it.held.load(ordering: .relaxed)
    it.held.store(now, ordering: .relaxed)
    Scheduler.current!.it.counters.heapBytes.add(now - before)
  }
}
