// SPDX-License-Identifier: Apache-2.0
//
// Perfetto's format wants the begin and the end of a slice as two events in order of time. The ends that are still to
// come wait here: at most one a track.

/// The slices that have begun and not ended, as a heap with the first end at the top.
struct OpenSlices {
  /// The end of a slice.
  struct End {
    let time: Int64
    let track: Int32
  }

  private var heap: [End] = []

  /// The end that comes first; nil if no slice is open.
  var first: End? { heap.first }

  /// Adds the end of a slice that has begun.
  mutating func insert(_ end: End) {
    heap.append(end)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].time < heap[parent].time else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Removes the end that comes first.
  mutating func removeFirst() {
    let last = heap.removeLast()
    guard !heap.isEmpty else { return }
    heap[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, heap[child + 1].time < heap[child].time { child += 1 }
      guard heap[child].time < heap[parent].time else { return }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}
