// SPDX-License-Identifier: Apache-2.0
//
// The tracks of a Perfetto file: the program, its schedulers as threads, a group with a child for each process, and the
// counters below the tracks that they belong to.

/// The identities of the tracks of a trace in Perfetto's format.
struct PerfettoTracks {
  private typealias Field = PerfettoFields.Track

  /// The identity of each track of the trace.
  let identities: [UInt64]
  private let program, processes: UInt64
  private let trace: ExecutionTrace
  private let plan: TrackPlan
  private let pid: UInt64

  /// Gives each track an identity that follows from the program's pid and the track's kind and number, so that two
  /// files of one program agree.
  init(_ trace: ExecutionTrace) {
    self.trace = trace
    plan = TrackPlan(trace)
    pid = UInt64(max(1, trace.pid))
    program = Self.mix(pid)
    processes = Self.mix(program &+ 1)
    let seeds = (schedulers: Self.mix(program &+ 2), processes: Self.mix(program &+ 3))
    identities = trace.tracks.map { track in
      Self.mix(track.number ^ (track.kind == .scheduler ? seeds.schedulers : seeds.processes))
    }
  }

  /// Returns the identity of a counter of a track.
  func counter(track: Int32, name: Int32) -> UInt64 {
    var identity = identities[Int(track)]
    for byte in trace.strings[Int(name)].utf8 { identity = Self.mix(identity ^ UInt64(byte)) }
    return identity
  }

  /// Returns the identity of the arrow with that index.
  func flow(_ index: Int32) -> UInt64 { Self.mix(program &+ 4 &+ UInt64(index)) }

  /// Spreads a number over all 64 bits; different numbers have different results.
  private static func mix(_ value: UInt64) -> UInt64 {
    var word = value &+ 0x9E37_79B9_7F4A_7C15
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    word ^= word >> 31
    return word
  }
}

extension PerfettoTracks {
  /// Appends the descriptions of the program and of the group of its processes.
  func describeProgram(in buffer: inout FormatBuffer) {
    buffer.appendTrack { track in
      track.append(field: Field.identity, program)
      track.append(field: Field.process) { process in
        process.append(field: PerfettoFields.Process.pid, pid)
        process.append(field: PerfettoFields.Process.name, text: trace.programName)
      }
    }
    buffer.appendTrack { track in
      track.append(field: Field.identity, processes)
      track.append(field: Field.name, text: "processes")
      track.append(field: Field.parent, program)
      track.append(field: Field.childOrder, Field.chronological)
    }
  }

  /// Appends the description of one track of the trace; nothing if it has no events.
  func describe(_ index: Int, in buffer: inout FormatBuffer) {
    let source = trace.tracks[index]
    guard plan.places[index] != .unused else { return }
    buffer.appendTrack { track in
      track.append(field: Field.identity, identities[index])
      switch (source.kind, plan.places[index]) {
      case (.scheduler, _):
        track.append(field: Field.parent, program)
        track.append(field: Field.thread) { describeThread(source, in: &$0) }
      case (.process, .shared(let line)):
        track.append(field: Field.parent, processes)
        track.append(field: Field.name, text: plan.sharedNames[line])
      case (.process, _):
        track.append(field: Field.parent, processes)
        track.append(field: Field.name, text: source.name)
        track.append(field: Field.mergeBehavior, Field.neverMerged)
      }
    }
  }

  /// Appends the description of a counter of a track.
  func describeCounter(track: Int32, name: Int32, in buffer: inout FormatBuffer) {
    buffer.appendTrack { counter in
      counter.append(field: Field.identity, self.counter(track: track, name: name))
      counter.append(field: Field.name, text: trace.strings[Int(name)])
      counter.append(field: Field.parent, identities[Int(track)])
      counter.append(field: Field.counter) { _ in }
    }
  }

  /// Appends the fields of a scheduler's thread.
  ///
  /// A thread whose number is that of its process would be the main one, so the numbers begin after it.
  private func describeThread(_ track: ExecutionTrace.Track, in thread: inout FormatBuffer) {
    thread.append(field: PerfettoFields.Thread.pid, pid)
    thread.append(field: PerfettoFields.Thread.tid, (pid &+ 1 &+ track.number) & UInt64(Int32.max))
    thread.append(field: PerfettoFields.Thread.name, text: track.name)
  }
}
