// SPDX-License-Identifier: Apache-2.0
//
// In Perfetto's format an arrow has no event of its own: its number stands on an event at each end. These are the ends,
// in order of time, until an event at the same moment of the same track takes them.

/// The ends of the arrows of a trace that no event has taken.
struct FlowPoints {
  /// One end of an arrow.
  struct Point {
    let time: Int64
    let track: Int32
    /// The index of the flow.
    let flow: Int32
    let isEnd: Bool
    var isTaken = false
  }

  private(set) var points: [Point] = []
  /// The index of the first point that can still be taken.
  private(set) var first = 0

  /// Collects the ends of all flows.
  init(_ flows: [ExecutionTrace.Flow]) {
    points.reserveCapacity(flows.count * 2)
    for (index, flow) in flows.enumerated() {
      let number = Int32(truncatingIfNeeded: index)
      points.append(Point(time: flow.start, track: flow.from, flow: number, isEnd: false))
      points.append(Point(time: max(flow.start, flow.end), track: flow.to, flow: number, isEnd: true))
    }
    points.sort { one, other in
      if one.time != other.time { return one.time < other.time }
      if one.track != other.track { return one.track < other.track }
      return one.flow < other.flow
    }
  }

  /// Removes and returns the points of that moment and track; empty if there are none, or if an event has taken them.
  mutating func take(time: Int64, track: Int32) -> Range<Int> {
    let start = firstIndex(notBefore: time, track)
    var end = start
    while end < points.count, points[end].time == time, points[end].track == track, !points[end].isTaken {
      points[end].isTaken = true
      end += 1
    }
    return start..<end
  }

  /// Removes and returns the first point that no event has taken, if its time is below `limit`.
  mutating func takeFirst(before limit: Int64) -> Point? {
    while first < points.count, points[first].time < limit {
      first += 1
      if !points[first - 1].isTaken { return points[first - 1] }
    }
    return nil
  }

  /// The time of the first point that no event has taken; nil if there is none.
  var firstTime: Int64? {
    mutating get {
      while first < points.count, points[first].isTaken { first += 1 }
      return first < points.count ? points[first].time : nil
    }
  }

  /// Returns the index of the first point that is not before that moment and track.
  ///
  /// It looks at ever larger steps from `first`, because the point is usually near.
  private func firstIndex(notBefore time: Int64, _ track: Int32) -> Int {
    func isBefore(_ index: Int) -> Bool {
      points[index].time < time || (points[index].time == time && points[index].track < track)
    }
    var low = first
    var step = 1
    while low + step <= points.count, isBefore(low + step - 1) {
      low += step
      step *= 2
    }
    var high = min(points.count, low + step)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(middle) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
