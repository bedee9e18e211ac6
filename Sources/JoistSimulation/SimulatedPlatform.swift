// SPDX-License-Identifier: Apache-2.0
//
// The counterpart of `HostPlatform` in a simulation: time and threads are simulated, memory is real.

import Joist

/// The machine that a simulated runtime runs on.
// Sound: virtual threads run on the carrier thread. Other threads call only while no virtual thread runs.
final class SimulatedPlatform: Platform, @unchecked Sendable {
  let ticks = TickClock(simulatedPerSecond: 1_000_000_000)
  let waiters = WaiterPool()
  let threads: VirtualThreads
  let usefulSchedulers = 2
  private let kinds: FaultInjection
  private var seeds: SplitMix64
  private let host = HostPlatform.shared
  /// The number of wake-ups that succeed before one is lost, for tests of the simulation itself; nil if none is lost.
  var wakesBeforeLoss: Int?

  init(carrier: CarrierThread, seed: UInt64, decider: Decider, faults: FaultInjection) {
    kinds = faults
    seeds = SplitMix64(seed: seed)
    threads = VirtualThreads(carrier: carrier, clock: ticks, decider: decider)
    threads.setPlatform(self)
  }

  func now() -> Int64 { threads.now }
  func randomSeed() -> UInt64 { seeds.next() }

  /// Starts a virtual thread.
  ///
  /// There is no thread that polls descriptors, and a watchdog only if schedulers may be stuck.
  func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> (any PlatformThread)? {
    if name == "joist-watchdog" && !kinds.contains(.stuckSchedulers) { return nil }
    if name == "joist-descriptors" { return nil }
    return threads.start(name, body)
  }

  func wait(on word: borrowing WaitWord, while value: UInt32, until deadline: Int64?) {
    guard word.isStill(value) else { return }
    if threads.running != nil { return threads.sleep(on: word.place, until: deadline) }
    threads.wait(until: { !word.isStill(value) }, or: deadline, "a wake-up")
  }

  func wake(_ word: borrowing WaitWord, all: Bool) {
    if let left = wakesBeforeLoss {
      wakesBeforeLoss = left > 0 ? left - 1 : nil
      if left == 0 { return }
    }
    threads.wake(word.place, all: all)
  }

  func residentBytes() -> Int { 0 }
  var memoryBytes: Int { .max }
  func heavyFence() { SchedulePoint.betweenSteps() }
  var guardsAreFree: Bool { host.guardsAreFree }

  // Sound: the memory is the host's. Each call is passed on unchanged or refused, here and in the functions below.
  func reserve(bytes: Int) -> UnsafeMutableRawPointer? {
    if threads.running != nil && kinds.contains(.failedAllocations) && threads.decider.draw(2) == 1 { return nil }
    return unsafe host.reserve(bytes: bytes)
  }

  func guardPages(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool { unsafe host.guardPages(start, bytes: bytes) }
  func discard(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool { unsafe host.discard(start, bytes: bytes) }
  func grow(
    _ start: UnsafeMutableRawPointer,
    bytes: Int,
    to newBytes: Int,
    keeping used: Int
  ) -> UnsafeMutableRawPointer? {
    if threads.running != nil && kinds.contains(.failedAllocations) && threads.decider.draw(2) == 1 { return nil }
    return unsafe host.grow(start, bytes: bytes, to: newBytes, keeping: used)
  }
  func release(_ start: UnsafeMutableRawPointer, bytes: Int) { unsafe host.release(start, bytes: bytes) }
}
