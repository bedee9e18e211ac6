// SPDX-License-Identifier: Apache-2.0
//
// Profiles made of a program's answers, which the writers of pprof, folded stacks and flame graphs take.

extension StackProfile {
  /// The time between two samples of a program's profile: 97 samples a second, which does not beat with timers.
  package static let samplingPeriod: Int64 = 1_000_000_000 / 97

  /// Creates the profile of where processes are parked.
  package init(groups: [StackGroup], programName: String, startNanoseconds: Int64) {
    self.init(
      kind: .processes,
      programName: programName,
      durationNanoseconds: 0,
      periodNanoseconds: 0,
      startNanoseconds: startNanoseconds
    )
    var indices: [StackFrame: Int32] = [:]
    for group in groups {
      let stack = group.stack.map { index(of: $0, &indices) }
      samples.append(
        Sample(stack: stack, count: group.count, value: Int64(group.count), labels: ["state": group.state])
      )
    }
  }

  /// Creates the profile of where processes run; `periodNanoseconds` is the time between two samples.
  package init(
    stacks: [ProfiledStack],
    programName: String,
    durationNanoseconds: Int64,
    periodNanoseconds: Int64,
    startNanoseconds: Int64
  ) {
    self.init(
      kind: .cpu,
      programName: programName,
      durationNanoseconds: durationNanoseconds,
      periodNanoseconds: periodNanoseconds,
      startNanoseconds: startNanoseconds
    )
    var indices: [StackFrame: Int32] = [:]
    for profiled in stacks {
      let stack = profiled.stack.map { index(of: $0, &indices) }
      let value = Int64(profiled.count).multipliedReportingOverflow(by: periodNanoseconds)
      samples.append(
        Sample(
          stack: stack,
          count: profiled.count,
          value: value.overflow ? .max : value.partialValue,
          labels: ["process": profiled.process]
        )
      )
    }
  }

  private mutating func index(of frame: StackFrame, _ indices: inout [StackFrame: Int32]) -> Int32 {
    if let index = indices[frame] { return index }
    let index = Int32(frames.count)
    frames.append(frame)
    indices[frame] = index
    return index
  }
}
