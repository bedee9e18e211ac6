// SPDX-License-Identifier: Apache-2.0
//
// A profile of what runs: samples of the processes on all schedulers, taken by signals (`sampler.c`). The thread that
// asks for it waits meanwhile.

import CJoist
import Synchronization

/// A sample: the process that ran, and its stack, innermost address first.
package struct StackSample: Sendable, Hashable {
  package let process: ProcessID
  package let backtrace: [UInt]
}

extension ProcessRuntime {
  /// Samples what runs for that time, `perSecond` times a second on each scheduler; nil if another profile is taken, or
  /// if the platform has no sampler.
  ///
  /// Blocks the calling thread. At most `limit` samples are kept.
  package func sample(for duration: Duration, perSecond: Int, limit: Int) -> [StackSample]? {
    let memory = SampleMemory(capacity: limit)
    guard memory.begin() else { return nil }
    let (end, step) = (ContinuousClock.now + duration, Duration.nanoseconds(1_000_000_000 / max(1, perSecond)))
    let word = WaitWord()
    var next = ContinuousClock.now
    while ContinuousClock.now < end {
      core.interruptSchedulers()
      next += step
      core.it.platform.wait(on: word, while: word.seen, until: core.it.platform.now() + max(0, next.nanosecondsFromNow))
    }
    memory.end()
    // A signal that was sent before may still be handled.
    core.it.platform.wait(on: word, while: word.seen, until: core.it.platform.now() + Limits.lateSignal)
    return memory.samples
  }
}

extension ContinuousClock.Instant {
  fileprivate var nanosecondsFromNow: Int64 {
    let (seconds, attoseconds) = (self - ContinuousClock.now).components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}

extension Handle<RuntimeCore> {
  // Ordering: relaxed; a thread that has ended gets no signal.
  fileprivate func interruptSchedulers() {
    for number in 0..<it.schedulerCount {
      let scheduler = it.scheduler(number)
      guard scheduler.it.isInProcess.load(ordering: .relaxed) else { continue }
      joist_sampler_interrupt(scheduler.it.threadNumber.load(ordering: .relaxed))
    }
  }
}

/// The memory of a profile.
// Sound: the memory is the object's own. Signal handlers write to it between `begin` and a while after `end`, and the
// samples are read after that. The object that is freed last is that of a profile whose signals are over.
@safe
private final class SampleMemory {
  private let memory: UnsafeMutablePointer<joist_samples>
  private let room: UnsafeMutablePointer<joist_sample>
  private let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    unsafe room = .allocate(capacity: capacity)
    unsafe room.initialize(repeating: joist_sample(), count: capacity)
    unsafe memory = .allocate(capacity: 1)
    let offset = Int64(ProcessRecord.identityOffset)
    unsafe joist_samples_make(memory, Int64(capacity), offset, room)
  }

  deinit {
    unsafe memory.deallocate()
    unsafe room.deallocate()
  }

  func begin() -> Bool { unsafe joist_sampler_begin(memory) }
  func end() { joist_sampler_end() }

  // Sound: as above.
  var samples: [StackSample] {
    let count = min(Int(unsafe joist_samples_count(memory)), capacity)
    return (0..<count).compactMap { index in
      let sample = unsafe room[index]
      guard sample.process != 0 else { return nil }
      let frames = unsafe withUnsafeBytes(of: sample.frames) { bytes in
        unsafe Array(bytes.bindMemory(to: UInt.self).prefix(Int(sample.frame_count)))
      }
      return StackSample(process: ProcessID(bits: sample.process), backtrace: frames)
    }
  }
}
