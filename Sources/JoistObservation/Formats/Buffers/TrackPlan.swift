// SPDX-License-Identifier: Apache-2.0
//
// A program may have run a million processes, and no viewer draws a million lines. The plan gives a line of its own to
// the first processes of a trace; the others share a line with the processes of the same name.

/// Which lines of a picture the tracks of a trace get.
struct TrackPlan {
  /// The number of processes with a line of their own: viewers scroll through a few thousand lines without delay.
  static let maxProcessLines = 5_000
  /// The number of lines that further processes share, for a program that gives each process its own name.
  static let maxSharedLines = 1_000

  /// Where the events of a track are drawn.
  enum Place: Hashable {
    /// Nowhere, because it has no events.
    case unused
    case own
    /// On the shared line with this index in `sharedNames`.
    case shared(Int)
  }

  /// The place of each track, in the order of the trace's tracks.
  private(set) var places: [Place]
  private(set) var sharedNames: [String] = []

  /// Decides the place of each track of `trace`.
  init(_ trace: ExecutionTrace) {
    places = Array(repeating: .unused, count: trace.tracks.count)
    Self.forEachTrack(of: trace) { places[Int($0)] = .own }
    var own = 0
    var shared: [String: Int] = [:]
    for (index, track) in trace.tracks.enumerated() where track.kind == .process && places[index] == .own {
      own += 1
      if own > Self.maxProcessLines {
        places[index] = .shared(sharedLine(Self.withoutIdentity(track.name), &shared))
      }
    }
  }

  /// Returns the index of the shared line for processes of that name, which it adds if there is none.
  private mutating func sharedLine(_ name: String, _ known: inout [String: Int]) -> Int {
    if let index = known[name] { return index }
    let isLast = sharedNames.count >= Self.maxSharedLines - 1
    let index = min(sharedNames.count, Self.maxSharedLines - 1)
    if index == sharedNames.count { sharedNames.append(isLast ? "further processes" : "\(name) (further processes)") }
    if !isLast { known[name] = index }
    return index
  }

  /// Calls `body` with the track of each event, and both tracks of each flow.
  private static func forEachTrack(of trace: ExecutionTrace, _ body: (Int32) -> Void) {
    for slice in trace.slices { body(slice.track) }
    for instant in trace.instants { body(instant.track) }
    for counter in trace.counters { body(counter.track) }
    for flow in trace.flows {
      body(flow.from)
      body(flow.to)
    }
  }

  /// Returns the name without an identity such as `#12.3` at its end.
  static func withoutIdentity(_ name: String) -> String {
    var rest = Substring(name)
    if let mark = rest.lastIndex(of: "#"), rest[rest.index(after: mark)...].allSatisfy({ $0.isNumber || $0 == "." }) {
      rest = rest[..<mark]
    }
    while rest.last == " " { rest.removeLast() }
    return rest.isEmpty ? "unnamed" : String(rest)
  }
}
