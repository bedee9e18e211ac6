// SPDX-License-Identifier: Apache-2.0
//
// Memory for pools: cut from large pieces, so that growing costs few calls of malloc.
// SL1. A slab is given back whole, when its pool has every piece that was cut from it.
// SL2. Its pool's lock is held while a piece is cut, and not while a slab is made or its pages are had: that takes
//      malloc, or the system, which may fail.

import CJoist

/// What a slab begins with.
private struct SlabHeader {
  /// The one that was made before it.
  var next: Handle<SlabHeader>?
  let bytes: Int
  /// The node whose pool it is of.
  let node: Int
  /// Bytes that were cut from it.
  var cut = 0
}

// Sound: new memory, or what nobody has a piece of.
extension Handle<SlabHeader> {
  /// A new slab, of memory from malloc: the first of a pool is small.
  ///
  /// Nil when there is no memory.
  fileprivate static func make(isFirst: Bool, node: Int) -> Self? {
    let bytes = isFirst ? Limits.firstSlabBytes : Limits.slabBytes
    guard let start = unsafe joist_allocate(bytes, Limits.slabBytes) else { return nil }
    let header = unsafe start.bindMemory(to: SlabHeader.self, capacity: 1)
    unsafe header.initialize(to: SlabHeader(next: nil, bytes: bytes, node: node))
    return unsafe Self(header)
  }
}

/// What a pool's memory is cut from.
// Sound: the fields are touched under the lock. Each piece is cut once, from a slab that lives until `release` or until
// all its pieces are back.
@safe
final class SlabPool: @unchecked Sendable {
  /// Guards the rest.
  private let lock = SpinLock()
  private var all: Handle<SlabHeader>?
  /// Where the next piece is cut from the last slab, and how much is left there.
  private var place: UInt = 0
  private var left = 0
  /// So many of those left have no pages yet.
  private var withoutPages = 0
  private let node: Int

  /// For those who run on a NUMA node, and so have its memory.
  init(node: Int) { self.node = node }

  /// What was cut, and the pages behind it that are to be had next, many at a time: for it is page faults that cost.
  private struct Piece {
    let start: UInt
    var pages: (start: UInt, bytes: Int) = (0, 0)
  }

  // Sound: nobody else has the piece; the pages are the slab's, and stay as they are where they are there already.
  /// New memory, aligned to a cache line when its size is a multiple of one; not more than a small slab has.
  ///
  /// Nil when there is none.
  func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
    lock.lockAmongRuntimes()
    var found = cut(bytes)
    let isFirst = all == nil
    lock.unlock()
    while found == nil {  // (SL2)
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

  /// Nil when another slab has to be added.
  private func cut(_ bytes: Int) -> Piece? {
    guard left >= bytes, let last = all else { return nil }
    var piece = Piece(start: place)
    place += UInt(bytes)
    left -= bytes
    last.it.cut += bytes
    if left < withoutPages {
      let wanted = withoutPages - left + Limits.pagesAtOnceBytes - 1
      let batch = min(wanted / Limits.pagesAtOnceBytes * Limits.pagesAtOnceBytes, withoutPages)
      piece.pages = (place + UInt(left) - UInt(withoutPages), batch)
      withoutPages -= batch
    }
    return piece
  }

  /// Pieces are cut from this one from now on.
  private func add(_ slab: Handle<SlabHeader>) {
    slab.it.next = all
    place = slab.bits + UInt(Limits.slabHeaderBytes)
    left = slab.it.bytes - Limits.slabHeaderBytes
    // The first page has the header.
    withoutPages = all == nil ? 0 : slab.it.bytes - HostPlatform.pageBytes
    all = slab
  }

  /// Takes out the slabs of which so much is in the caller's hands, by their starts, as was cut (SL1).
  ///
  /// The caller is to free them when it has forgotten the pieces. Neither the first, which is small, nor the last,
  /// which is being cut.
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
  /// The node of the pool that a piece was cut for.
  static func node(of piece: UnsafeMutableRawPointer) -> Int {
    unsafe Handle<SlabHeader>(address: start(of: piece)).it.node
  }

  /// Where the slab of a piece begins.
  static func start(of piece: UnsafeMutableRawPointer) -> UInt {
    UInt(bitPattern: piece) & ~UInt(Limits.slabBytes - 1)
  }

  /// Gives every slab back: no piece is in use.
  func release() {
    lock.lockAmongRuntimes()
    let slabs = SlabList(all)
    (all, place, left, withoutPages) = (nil, 0, 0, 0)
    lock.unlock()
    slabs.free()
  }
}

/// Slabs that are no pool's any more.
struct SlabList {
  private var first: Handle<SlabHeader>?

  init() {}
  fileprivate init(_ first: Handle<SlabHeader>?) { self.first = first }

  fileprivate mutating func add(_ header: Handle<SlabHeader>) {
    header.it.next = first
    first = header
  }

  /// Gives them back; how many they were.
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

  /// Their starts.
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
