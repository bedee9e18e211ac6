// SPDX-License-Identifier: Apache-2.0
//
// Memory for pools, cut from large slabs, so that growing takes few calls of malloc.
// SL1. A slab is freed as a whole, when its pool has back every piece that was cut from it.
//
// The pool's lock is held while a piece is cut, but not while a slab is made or its pages are faulted in: these call
// malloc or the system, which may fail.

import CJoist

/// The header at the beginning of a slab.
private struct SlabHeader {
  /// The slab that was made before this one.
  var next: Handle<SlabHeader>?
  let bytes: Int
  /// The NUMA node of the pool that the slab belongs to.
  let node: Int
  /// The number of bytes that were cut from the slab.
  var cut = 0
}

// Sound: the memory is new, or no other thread has a piece of it.
extension Handle<SlabHeader> {
  /// Makes a slab from malloc; the first slab of a pool is small.
  ///
  /// Returns nil if there is no memory.
  fileprivate static func make(isFirst: Bool, node: Int) -> Self? {
    let bytes = isFirst ? Limits.firstSlabBytes : Limits.slabBytes
    guard let start = unsafe joist_allocate(bytes, Limits.slabBytes) else { return nil }
    let header = unsafe start.bindMemory(to: SlabHeader.self, capacity: 1)
    unsafe header.initialize(to: SlabHeader(next: nil, bytes: bytes, node: node))
    return unsafe Self(header)
  }
}

/// The slabs that a pool's memory is cut from.
// Sound: the lock guards the fields. Each piece is cut once, from a slab that lives until `release`, or until all its
// pieces are back.
@safe
final class SlabPool: @unchecked Sendable {
  /// The lock that guards the fields below.
  private let lock = SpinLock()
  private var all: Handle<SlabHeader>?
  /// The address of the next piece in the last slab, and the number of bytes left there.
  private var nextPiece: UInt = 0
  private var left = 0
  /// The number of those bytes that have no pages yet.
  private var withoutPages = 0
  private let node: Int

  /// Makes the pool of a NUMA node, for threads that run on this node and so get its memory.
  init(node: Int) { self.node = node }

  /// A piece that was cut, and the pages behind it that are to be faulted in next.
  ///
  /// Many pages are faulted in at a time, because single page faults are what growing costs.
  private struct Piece {
    let start: UInt
    var pages: (start: UInt, bytes: Int) = (0, 0)
  }

  // Sound: no other thread has the piece; the pages belong to the slab, and populating leaves present pages as they
  // are.
  /// Takes new memory, aligned to a cache line if `bytes` is a multiple of one; `bytes` must fit a small slab.
  ///
  /// Returns nil if there is no memory.
  func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
    lock.lockAmongRuntimes()
    var found = cut(bytes)
    let isFirst = all == nil
    lock.unlock()
    while found == nil {
      guard let slab = Handle<SlabHeader>.make(isFirst: isFirst, node: node) else { return nil }
      lock.lockAmongRuntimes()
      add(slab)
      found = cut(bytes)
      lock.unlock()
    }
    let (piece, pages) = (found!.start, found!.pages)
    if pages.bytes > 0 { unsafe joist_populate(UnsafeMutableRawPointer(bitPattern: pages.start)!, pages.bytes) }
    return unsafe UnsafeMutableRawPointer(bitPattern: piece)
  }

  /// Cuts a piece from the last slab; returns nil if another slab has to be added.
  private func cut(_ bytes: Int) -> Piece? {
    guard left >= bytes, let last = all else { return nil }
    var piece = Piece(start: nextPiece)
    nextPiece += UInt(bytes)
    left -= bytes
    last.it.cut += bytes
    if left < withoutPages {
      let wanted = withoutPages - left + Limits.pagesAtOnceBytes - 1
      let batch = min(wanted / Limits.pagesAtOnceBytes * Limits.pagesAtOnceBytes, withoutPages)
      piece.pages = (nextPiece + UInt(left) - UInt(withoutPages), batch)
      withoutPages -= batch
    }
    return piece
  }

  /// Makes this the slab that pieces are cut from.
  private func add(_ slab: Handle<SlabHeader>) {
    slab.it.next = all
    nextPiece = slab.bits + UInt(Limits.slabHeaderBytes)
    left = slab.it.bytes - Limits.slabHeaderBytes
    // The header has touched the first page already.
    withoutPages = all == nil ? 0 : slab.it.bytes - HostPlatform.pageBytes
    all = slab
  }

  /// Removes the slabs whose pieces are all in the caller's hands, and returns them (SL1).
  ///
  /// `whole` maps the start of a slab to the number of its bytes that the caller has. The caller frees the slabs after
  /// it has forgotten the pieces. Never removes the first slab, which is small, nor the last, which is being cut.
  func takeWhole(_ whole: [UInt: Int]) -> SlabList {
    lock.lockAmongRuntimes()
    defer { lock.unlock() }
    var gone = SlabList()
    var before = all
    while let this = before, let slab = this.it.next, slab.it.next != nil {
      if whole[slab.bits] == slab.it.cut {
        this.it.next = slab.it.next
        gone.add(slab)
      } else {
        before = slab
      }
    }
    return gone
  }

  // Sound: a slab begins with its header.
  /// Returns the node of the pool that a piece was cut for.
  static func node(of piece: UnsafeMutableRawPointer) -> Int {
    unsafe Handle<SlabHeader>(address: start(of: piece)).it.node
  }

  /// Returns the address of the slab that a piece was cut from.
  static func start(of piece: UnsafeMutableRawPointer) -> UInt {
    UInt(bitPattern: piece) & ~UInt(Limits.slabBytes - 1)
  }

  /// Frees every slab; requires that no piece is in use.
  func release() {
    lock.lockAmongRuntimes()
    let slabs = SlabList(all)
    (all, nextPiece, left, withoutPages) = (nil, 0, 0, 0)
    lock.unlock()
    slabs.free()
  }
}

/// A list of slabs that have left their pool.
struct SlabList {
  private var first: Handle<SlabHeader>?

  init() {}
  fileprivate init(_ first: Handle<SlabHeader>?) { self.first = first }

  fileprivate mutating func add(_ header: Handle<SlabHeader>) {
    header.it.next = first
    first = header
  }

  /// Frees the slabs and returns how many there were.
  @discardableResult
  consuming func free() -> Int {
    var count = 0
    while let header = first {
      first = header.it.next
      header.free()
      count += 1
    }
    return count
  }

  /// The addresses of the slabs.
  var starts: [UInt] {
    var starts: [UInt] = []
    var next = first
    while let header = next {
      starts.append(header.bits)
      next = header.it.next
    }
    return starts
  }
}
