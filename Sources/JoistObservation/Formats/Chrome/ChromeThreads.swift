// SPDX-License-Identifier: Apache-2.0
//
// Chrome's format knows processes and threads. Schedulers become the threads of one process, Joist's processes those of
// a second one.

/// The threads that stand for the tracks of a trace in Chrome's format.
struct ChromeThreads {
  /// A thread of the format.
  struct Thread {
    /// The numbers of process and thread, and what orders the threads of a process.
    let pid, tid: Int
    let name: String
    /// Whether slices of it overlap, so that each must be written as a pair of asynchronous events.
    var hasOverlaps = false
    /// The numbers as members of an event.
    var place: [UInt8] { Array(",\"pid\":\(pid),\"tid\":\(tid)".utf8) }
  }

  static let schedulersPid = 1
  static let processesPid = 2
  /// The number of the first thread.
  ///
  /// Viewers take a thread for the main one if its number is that of its process, and some of them keep names by thread
  /// alone. So the numbers begin above those of the two processes, and none occurs twice.
  private static let firstTid = 10

  private(set) var threads: [Thread] = []
  /// The index in `threads` of each track; -1 for a track without events.
  private(set) var threadOfTrack: [Int]

  /// Gives each track of `trace` its thread.
  init(_ trace: ExecutionTrace) {
    let plan = TrackPlan(trace)
    threadOfTrack = Array(repeating: -1, count: trace.tracks.count)
    for kind in [ExecutionTrace.Track.Kind.scheduler, .process] {
      for (index, track) in trace.tracks.enumerated() where track.kind == kind && plan.places[index] == .own {
        threadOfTrack[index] = add(track.name, kind)
      }
    }
    let firstShared = threads.count
    for name in plan.sharedNames { _ = add(name, .process) }
    for (index, place) in plan.places.enumerated() {
      if case .shared(let line) = place { threadOfTrack[index] = firstShared + line }
    }
    findOverlaps(trace, from: firstShared)
  }

  /// Adds a thread and returns its index.
  private mutating func add(_ name: String, _ kind: ExecutionTrace.Track.Kind) -> Int {
    let pid = kind == .scheduler ? Self.schedulersPid : Self.processesPid
    threads.append(Thread(pid: pid, tid: Self.firstTid + threads.count, name: name))
    return threads.count - 1
  }

  /// Marks the shared threads whose slices overlap.
  private mutating func findOverlaps(_ trace: ExecutionTrace, from firstShared: Int) {
    guard firstShared < threads.count else { return }
    var ends = Array(repeating: Int64.min, count: threads.count - firstShared)
    for slice in trace.slices {
      let shared = threadOfTrack[Int(slice.track)] - firstShared
      guard shared >= 0 else { continue }
      if slice.start < ends[shared] { threads[firstShared + shared].hasOverlaps = true }
      ends[shared] = max(ends[shared], slice.end)
    }
  }
}
