// SPDX-License-Identifier: Apache-2.0
//
// A graph on its way from one heap to another: copied once into blocks of its own, and once out of them.
// HG1. A graph's references are numbers from `first` on, of no heap. Whoever takes it in raises them all by the same.
// HG2. The original's headers lead to the copies while it is copied, as in a collection (HC1); each is put back
//      afterwards from its copy, which is found by the order in which they were made.
// HG3. A graph does not change once it is made, so any number of processes may take it in.

/// Objects of a heap, in blocks that are nobody's (HG3).
struct HeapGraph {
  private(set) var chunks: HeapChunks
  /// Of the objects together.
  let bytes: UInt
  /// Some values are aligned to sixteen bytes.
  let hasWide: Bool

  /// The bits of a reference to the first object (HG1).
  static var first: UInt { 1 << 33 }

  fileprivate init(_ chunks: HeapChunks, hasWide: Bool) {
    self.chunks = chunks
    self.hasWide = hasWide
    bytes = chunks.used
  }

  /// Where references in it lead.
  fileprivate var space: HeapSpace { HeapSpace(first: HeapGraph.first, bytes: bytes) }

  /// Gives its blocks back, on whatever thread.
  mutating func release(_ platform: any Platform) { chunks.empty { $0.release(platform) } }
}

extension Handle<PrivateHeap> {
  /// Copies what the roots lead to; they are changed to lead into the copy.
  ///
  /// Nil when there is no memory.
  func copyGraph(_ traceRoots: (inout HeapTracer) -> Void) -> HeapGraph? {
    let scheduler = willMove("copied")
    var tracer = HeapTracer(self, .copy, to: 0, end: 0, first: HeapGraph.first)
    close()
    traceRoots(&tracer)
    tracer.traceCopies()
    tracer.closeBlock()
    restoreHeaders(&tracer)
    open()
    it.origins.empty(scheduler)
    if tracer.hasFailed {
      it.copied.empty(scheduler)
      return nil
    }
    let graph = HeapGraph(it.copied, hasWide: it.hasWide)
    it.copied = HeapChunks()
    process.charge(Cost.copy(graph.bytes))
    return graph
  }

  /// Puts the originals' headers back (HG2).
  private func restoreHeaders(_ tracer: inout HeapTracer) {
    var origins = it.origins.words
    for chunk in it.copied.all {
      var place = chunk.start
      while place < chunk.it.top {
        let copy = HeapObject(place)
        let header = copy.header
        guard header.bits != 0 else {
          place += 8
          continue
        }
        HeapObject(origins.next()!).header = header
        copy.header = HeapHeader(bits: header.bits | HeapHeader.logged)
        place = tracer.end(of: copy)
      }
    }
  }

  /// Takes a graph in; the roots, which lead into it, are changed to lead to this heap.
  func adoptGraph(_ graph: HeapGraph, _ traceRoots: (inout HeapTracer) -> Void) throws(ProcessExit) {
    let start = try makeRoom(graph.bytes, before: graph.hasWide ? 0 : nil)
    for chunk in graph.chunks.all {
      HeapBlock.copy(from: chunk.start, to: it.top, bytes: chunk.used)
      it.top &+= chunk.used
    }
    let shift = it.young.bits(of: start) &- HeapGraph.first
    var tracer = HeapTracer(
      self,
      .adopt,
      young: HeapSpace(first: 0, bytes: 0),
      old: graph.space,
      to: 0,
      end: 0,
      first: shift
    )
    close()
    var place = start
    while place < it.top {
      let header = HeapObject(place).header
      place = header.bits == 0 ? place + 8 : tracer.trace(HeapObject(place), header)
    }
    traceRoots(&tracer)
    open()
    process.charge(Cost.copy(graph.bytes))
  }
}
