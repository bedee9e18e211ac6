// SPDX-License-Identifier: Apache-2.0
//
// Visiting one reference, copying one object, and tracing all copies (HC1).

extension HeapTracer {
  /// Returns the bits of the reference after the move, and copies the object if this is its first visit.
  @usableFromInline @inline(never)
  mutating func moved(_ bits: UInt) -> UInt {
    visits &+= 1
    let space = bits & HeapSpace.youngBit == 0 ? old : young
    let offset = bits &- space.first
    guard offset < space.span else { return movedBefore(bits) }
    if purpose == .adopt { return bits &+ shift }
    if purpose == .young && bits & HeapSpace.youngBit == 0 { return bits }
    let object = HeapObject(space.base &+ HeapSpace.bytes(ofSpan: offset))
    let header = object.header
    if header.isForwarded { return header.copyBits }
    return copy(object, header, within: space.base &+ HeapSpace.bytes(ofSpan: space.span)) ?? bits
  }

  /// Returns a reference that already leads to a copy, unchanged; traps if it does not.
  @inline(never)
  private func movedBefore(_ bits: UInt) -> UInt {
    let end = purpose == .adopt ? firstCopy &+ old.span : HeapSpace.span(ofBytes: to) &+ shift
    guard (bits ^ firstCopy) & HeapSpace.youngBit == 0, bits &- firstCopy < end &- firstCopy else {
      HeapTracer.refuse(bits)
    }
    return bits
  }

  /// Copies an object and leaves the reference to the copy in its header (HB1); returns nil if there is no memory.
  private mutating func copy(_ object: HeapObject, _ header: HeapHeader, within limit: UInt) -> UInt? {
    let layout = layout(of: object, header)
    guard let (elements, end) = object.contents(layout, within: limit) else { HeapTracer.refuse(object) }
    let size = end &- object.address
    if toEnd &- to < size &+ 8 && !makeRoom(size &+ 8) { return nil }
    if layout.it.isOverAligned && (to &+ elements.address &- object.address) & 15 != 0 { pad() }
    HeapBlock.copy(from: object.address, to: to, bytes: size)
    let bits = HeapSpace.span(ofBytes: to) &+ shift
    if purpose == .copy {
      heap.it.origins.append(object.address, Scheduler.current!)
    } else if layout.it.traceable != nil {
      HeapObject(to).header = HeapHeader(bits: header.bits & ~HeapHeader.logged)
    }
    object.header = HeapHeader(forwardedTo: bits)
    to &+= size
    return bits
  }

  /// Writes a word of padding.
  private mutating func pad() {
    HeapObject(to).header = HeapHeader(bits: 0)
    to &+= 8
  }

  /// Continues in a new block (HC5); returns false if there is no memory.
  ///
  /// The block's address is aligned to sixteen bytes exactly as its number is, so over-aligned values keep their
  /// alignment when the blocks are put together.
  @inline(never)
  private mutating func makeRoom(_ size: UInt) -> Bool {
    if heap.it.hasOverAligned && to & 15 != 0 { pad() }
    let next = HeapSpace.span(ofBytes: to) &+ shift
    closeBlock()
    guard let chunk = heap.it.copied.grow(for: size, Scheduler.current!) else {
      hasFailed = true
      return false
    }
    to = chunk.start
    toEnd = chunk.limit
    shift = next &- HeapSpace.span(ofBytes: to)
    return true
  }

  /// Records the end of the copies in the current block.
  mutating func closeBlock() {
    if let last = heap.it.copied.last { last.it.top = to } else { firstEnd = to }
  }

  /// Traces all copies, those made meanwhile included.
  mutating func traceCopies() {
    while true {
      if scanned == heap.it.copied.last {
        guard scan != to else { return }
        traceCopy()
      } else if scan != scanned?.it.top ?? firstEnd {
        traceCopy()
      } else {
        scanned = scanned == nil ? heap.it.copied.first : scanned!.it.next
        scan = scanned!.start
      }
    }
  }

  @inline(__always)
  private mutating func traceCopy() {
    let object = HeapObject(scan)
    let header = object.header
    guard header.bits != 0 else {
      scan &+= 8
      return
    }
    scan = trace(object, header)
  }

  /// Traces the contents of an object in place, and returns the object's end.
  @discardableResult
  mutating func trace(_ object: HeapObject, _ header: HeapHeader) -> UInt {
    let layout = layout(of: object, header)
    guard let (elements, end) = object.contents(layout, within: .max) else { HeapTracer.refuse(object) }
    if let type = layout.it.traceable { type.traceAll(elements, &self) }
    return end
  }

  /// Returns the end of an object.
  func end(of object: HeapObject) -> UInt {
    let layout = layout(of: object, object.header)
    guard let (_, end) = object.contents(layout, within: .max) else { HeapTracer.refuse(object) }
    return end
  }

  /// Returns the layout of an object's type.
  @inline(__always)
  private func layout(of object: HeapObject, _ header: HeapHeader) -> Handle<HeapLayout> {
    guard let layout = layouts.layout(header.key) else { HeapTracer.refuse(object) }
    return layout
  }

  // MARK: Refusals (HC4)

  @inline(never)
  private static func refuse(_ bits: UInt) -> Never {
    fatalError(
      "Joist: a `trace` visited a heap reference that leads nowhere: a collection did not keep it, or it belongs to "
        + "another process"
    )
  }

  @inline(never)
  private static func refuse(_ object: HeapObject) -> Never {
    fatalError("Joist: a `trace` visited a heap reference that leads to no object")
  }
}
