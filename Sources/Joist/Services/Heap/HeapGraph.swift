// SPDX-License-Identifier: Apache-2.0
//
// A graph on its way from one heap to another: copied once into blocks of its own, and once out of them.
//
// The references in a graph are numbers from `first` on, which belong to no heap; the receiver adds the same offset to
// all of them. While the graph is copied, the headers of the originals lead to the copies, as in a collection (HC1).
// Afterwards each original's header is restored from its copy; the order in which the copies were made tells which
// original each copy came from.
// HG3. A graph does not change once it is made, so any number of processes may adopt it.

/// Objects of a heap, in blocks that belong to no heap (HG3).
struct HeapGraph {
  private(set) var chunks: HeapChunks
  /// The number of bytes of all objects together.
  let bytes: UInt
  /// Whether some values are over-aligned, to sixteen bytes.
  let hasOverAligned: Bool

  /// The bits of a reference to the first object of any graph.
  static var first: UInt { 1 << 33 }

  fileprivate init(_ chunks: HeapChunks, hasOverAligned: Bool) {
    self.chunks = chunks
    self.hasOverAligned = hasOverAligned
    bytes = chunks.used
  }

  /// The space that references in the graph lead into.
  fileprivate var space: HeapSpace { HeapSpace(first: HeapGraph.first, bytes: bytes) }

  /// Frees the graph's blocks, on any thread.
  mutating func release(_ platform: any Platform) { chunks.empty { $0.release(platform) } }
}

extension Handle<PrivateHeap> {
  /// Copies what the roots lead to, and updates the roots to lead into the copy.
  ///
  /// Returns nil if there is no memory.
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
    let graph = HeapGraph(it.copied, hasOverAligned: it.hasOverAligned)
    it.copied = HeapChunks()
    process.charge(Cost.copy(graph.bytes))
    return graph
  }

  /// Restores the headers of the originals from their copies.
  private func restoreHeaders(_ tracer: inout HeapTracer) {
    var origins = it.origins.words
    for chunk in it.copied.all {
      var address = chunk.start
      while address < chunk.it.top {
        let copy = HeapObject(address)
        let header = copy.header
        guard header.bits != 0 else {
          address += 8
          continue
        }
        HeapObject(origins.next()!).header = header
        copy.header = HeapHeader(bits: header.bits | HeapHeader.logged)
        address = tracer.end(of: copy)
      }
    }
  }

  /// Puts a graph on this heap, and updates the roots, which lead into the graph, to lead into this heap.
  func adoptGraph(_ graph: HeapGraph, _ traceRoots: (inout HeapTracer) -> Void) throws(ProcessExit) {
    let start = try makeRoom(graph.bytes, before: graph.hasOverAligned ? 0 : nil)
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
    var address = start
    while address < it.top {
      let header = HeapObject(address).header
      address = header.bits == 0 ? address + 8 : tracer.trace(HeapObject(address), header)
    }
    traceRoots(&tracer)
    open()
    process.charge(Cost.copy(graph.bytes))
  }
}
