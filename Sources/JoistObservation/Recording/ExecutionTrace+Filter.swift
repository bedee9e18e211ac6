// SPDX-License-Identifier: Apache-2.0
//
// Keeps a part of a trace: some processes, by their identities or names, or the work with one trace token.

package import Joist

extension ExecutionTrace {
  /// Returns the trace with only the processes that have one of the names or identities, or a name that begins with
  /// `prefix`; without either, the whole trace.
  ///
  /// Of the schedulers, what concerns no process is kept, and the slices of those processes.
  package func keeping(_ processes: [String], prefix: String?) -> ExecutionTrace {
    if processes.isEmpty && prefix == nil { return self }
    let kept = tracks.map { track in
      track.kind == .scheduler || Self.isWanted(track.name, processes, prefix)
    }
    let names = Set(tracks.indices.filter { kept[$0] && tracks[$0].kind == .process }.map { tracks[$0].name })
    var trace = self
    trace.slices = slices.filter { slice in
      let isOfScheduler = tracks[Int(slice.track)].kind == .scheduler
      let isRun = strings[Int(slice.category)] == "running"
      return isOfScheduler && isRun ? names.contains(strings[Int(slice.name)]) : kept[Int(slice.track)]
    }
    trace.instants = instants.filter { kept[Int($0.track)] }
    trace.flows = flows.filter { kept[Int($0.from)] && kept[Int($0.to)] }
    trace.counters = counters.filter { kept[Int($0.track)] }
    return trace
  }

  /// Returns whether a track, named by a process's name and identity, is one of those that are asked for.
  private static func isWanted(_ track: String, _ processes: [String], _ prefix: String?) -> Bool {
    let id = track.split(separator: " ").last.map(String.init) ?? track
    let name = track == id ? "" : String(track.dropLast(id.count + 1))
    if let prefix, name.hasPrefix(prefix), !name.isEmpty { return true }
    return processes.contains(id) || !name.isEmpty && processes.contains(name)
  }
}

extension ExecutionTrace {
  /// Returns the trace with only what processes did while they had that token.
  package func keeping(_ token: TraceToken) -> ExecutionTrace {
    let spans = Dictionary(grouping: tokenSpans.filter { $0.token == token.number }, by: \.track)
    let isDuring = { (track: Int32, start: Int64, end: Int64) in
      spans[track]?.contains { $0.start <= end && start <= $0.end } ?? false
    }
    let processes = tracks.indices.filter { tracks[$0].kind == .process }.map { (tracks[$0].name, Int32($0)) }
    let trackOf = Dictionary(processes) { first, _ in first }
    var trace = self
    trace.slices = slices.filter { slice in
      let runs = tracks[Int(slice.track)].kind == .scheduler ? trackOf[strings[Int(slice.name)]] : slice.track
      return runs.map { isDuring($0, slice.start, slice.end) } ?? false
    }
    trace.instants = instants.filter { isDuring($0.track, $0.time, $0.time) }
    trace.flows = flows.filter { isDuring($0.to, $0.end, $0.end) }
    trace.counters = []
    return trace
  }
}

extension SupervisionNode {
  /// Returns the node with that name or identity, this one or one below it.
  package func find(_ nameOrID: String) -> SupervisionNode? {
    if name == nameOrID || id == nameOrID { return self }
    return children.lazy.compactMap { $0.find(nameOrID) }.first
  }

  /// The identities of this node and of all below it.
  package var identities: [String] { [id] + children.flatMap(\.identities) }
}
