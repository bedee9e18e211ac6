// SPDX-License-Identifier: Apache-2.0
//
// One reference visited, one object copied, all copies traced (HC1).

extension HeapTracer {
  /// The reference that leads there from now on.
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

  /// A reference that was visited before leads to a copy already.
  @inline(never)
  private func movedBefore(_ bits: UInt) -> UInt {
    let end = purpose == .adopt ? firstCopy &+ old.span : HeapSpace.span(ofBytes: to) &+ shift
    guard (bits ^ firstCopy) & HeapSpace.youngBit == 0, bits &- firstCopy < end &- firstCopy else {
      HeapTracer.refuse(bits)
    }
    return bits
  }

  /// Copies an object, and notes that in it (HB1); nil when there is no memory.
  private mutating func copy(_ object: HeapObject, _ header: HeapHeader, within limit: UInt) -> UInt? {
    let layout = layout(of: object, header)
    guard let (elements, end) = object.contents(layout, within: limit) else { HeapTracer.refuse(object) }
    let size = end &- object.address
    if toEnd &- to < size &+ 8 && !makeRoom(size &+ 8) { return nil }
    if layout.it.isWide && (to &+ elements.address &- object.address) & 15 != 0 { pad() }
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

  /// A word that is no object.
  private mutating func pad() {
    HeapObject(to).header = HeapHeader(bits: 0)
    to &+= 8
  }

  /// Goes on in a block of its own (HC5); false when there is no memory.
  ///
  /// Where it begins is as even in words as its number, so that wide values keep their alignment when they are put
  /// together.
  @inline(never)
  private mutating func makeRoom(_ size: UInt) -> Bool {
    if heap.it.hasWide && to & 15 != 0 { pad() }
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

  /// Notes where the copies in the present block end.
  mutating func closeBlock() {
    if let last = heap.it.copied.last { last.it.top = to } else { firstEnd = to }
  }

  /// Traces all that was copied, and what is copied meanwhile.
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

  /// Traces what is in an object, in place; where it ends.
  @discardableResult
  mutating func trace(_ object: HeapObject, _ header: HeapHeader) -> UInt {
    let layout = layout(of: object, header)
    guard let (elements, end) = object.contents(layout, within: .max) else { HeapTracer.refuse(object) }
    if let type = layout.it.traceable { type.traceAll(elements, &self) }
    return end
  }

  /// Where an object ends.
  func end(of object: HeapObject) -> UInt {
    let layout = layout(of: object, object.header)
    guard let (_, end) = object.contents(layout, within: .max) else { HeapTracer.refuse(object) }
    return end
  }

  /// What an object's type looks like.
  @inline(__always)
  private func layout(of object: HeapObject, _ header: HeapHeader) -> Handle<HeapLayout> {
    guard let layout = layouts.layout(header.key) else { HeapTracer.refuse(object) }
    return layout
  }

  // MARK: What is refused (HC4)

  @inline(never)
  private static func refuse(_ bits: UInt) -> Never {
    fatalError(
      "Joist: a `trace` visited a heap reference that leads nowhere: a collection did not keep it, or it belongs to "
        + "another process"
    )
  }

  @inline(never)
  private static func refuse(_ object: HeapObject) -> Never {
    fatalError("Joist: a `trace` visited a heap reference that leads to no object (HC4)")
  }
}
