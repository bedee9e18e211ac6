// SPDX-License-Identifier: Apache-2.0
//
// A trace has one array for each kind of event. This sequence merges them, for formats that want one order of time.

/// The events of a trace in order of time; a slice and a flow stand at their start.
struct TimeOrder: Sequence, IteratorProtocol {
  /// An event by its kind and its index in the array of that kind.
  enum Event {
    case slice(Int)
    case counter(Int)
    case instant(Int)
    case flow(Int)
  }

  private let trace: ExecutionTrace
  private var slice = 0
  private var counter = 0
  private var instant = 0
  private var flow = 0

  init(_ trace: ExecutionTrace) { self.trace = trace }

  /// Returns the next event; of events at the same time slices come first, then counters, instants and flows.
  mutating func next() -> Event? {
    var best: Event?
    var bestTime = Int64.max
    if slice < trace.slices.count {
      best = .slice(slice)
      bestTime = trace.slices[slice].start
    }
    if counter < trace.counters.count, best == nil || trace.counters[counter].time < bestTime {
      best = .counter(counter)
      bestTime = trace.counters[counter].time
    }
    if instant < trace.instants.count, best == nil || trace.instants[instant].time < bestTime {
      best = .instant(instant)
      bestTime = trace.instants[instant].time
    }
    if flow < trace.flows.count, best == nil || trace.flows[flow].start < bestTime { best = .flow(flow) }
    switch best {
    case .slice: slice += 1
    case .counter: counter += 1
    case .instant: instant += 1
    case .flow: flow += 1
    case nil: break
    }
    return best
  }
}

extension ExecutionTrace {
  /// The time of the first event; zero without events.
  var startTime: Int64 {
    let times = [slices.first?.start, instants.first?.time, flows.first?.start, counters.first?.time]
    return times.compactMap(\.self).min() ?? 0
  }
}
