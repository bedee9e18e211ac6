// SPDX-License-Identifier: Apache-2.0
//
// What the flight recorder keeps of an exit reason.

extension ExitReason {
  /// The kind of the reason; nil for `.normal`.
  var recorded: RecordedEnd? {
    switch self {
    case .normal: nil
    case .shutdown, .shutdownBecause: .shutdown
    case .error: .error
    case .killed: .killed
    case .trap: .trap
    case .stackOverflow: .stackOverflow
    case .noProcess: .noProcess
    case .memoryLimit: .other
    }
  }
}

extension Handle<Scheduler> {
  /// Counts and records the time of a collection by the process that runs here.
  @inline(never)
  func noteCollection(since start: UInt64) {
    let ticks = it.clock.count &- start
    it.time.noteCollection(Int(truncatingIfNeeded: ticks))
    record(.collected, payload: ticks)
  }
}
