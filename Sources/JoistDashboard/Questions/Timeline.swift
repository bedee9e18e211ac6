// SPDX-License-Identifier: Apache-2.0
//
// The last moments of a trace as the page draws them: one lane for each scheduler, slices as triples of numbers.

#if Dashboard
  import JoistObservation

  /// What the schedulers did in the last moments.
  struct Timeline: Encodable {
    /// The time that the page shows: long enough for a hiccup, short enough that slices have a width.
    static let seconds = 0.2
    /// The number of slices that a page draws without delay.
    static let maxSlices = 20_000

    /// A scheduler.
    struct Lane: Encodable {
      var name: String
      /// Triples: the start and the length in nanoseconds, and the index of the name.
      var slices: [[Int64]] = []
    }

    /// The length of the time in nanoseconds.
    var nanoseconds: Int64 = 0
    /// The names of what ran.
    var names: [String] = []
    var lanes: [Lane] = []
    /// Whether older slices were left out because there were too many.
    var isCut = false

    /// Takes the last moments of a trace.
    init(lastOf trace: ExecutionTrace) {
      let end = trace.slices.map(\.end).max() ?? 0
      let first = trace.slices.map(\.start).min() ?? 0
      let start = max(first, end - Int64(Self.seconds * 1e9))
      nanoseconds = end - start
      let indices = trace.tracks.indices.filter { trace.tracks[$0].kind == .scheduler }
      var laneOfTrack: [Int: Int] = [:]
      for index in indices.sorted(by: { trace.tracks[$0].number < trace.tracks[$1].number }) {
        laneOfTrack[index] = lanes.count
        lanes.append(Lane(name: trace.tracks[index].name))
      }
      let shown = trace.slices.filter { $0.end > start && laneOfTrack[Int($0.track)] != nil }
      isCut = shown.count > Self.maxSlices
      var numbers: [Int32: Int64] = [:]
      for slice in shown.suffix(Self.maxSlices) {
        guard let lane = laneOfTrack[Int(slice.track)] else { continue }
        if numbers[slice.name] == nil {
          numbers[slice.name] = Int64(names.count)
          names.append(trace.strings[Int(slice.name)])
        }
        let begin = max(slice.start, start)
        lanes[lane].slices.append([begin - start, slice.end - begin, numbers[slice.name] ?? 0])
      }
    }
  }
#endif
