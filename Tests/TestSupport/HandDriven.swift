// SPDX-License-Identifier: Apache-2.0
//
// A platform without threads whose time a test controls. The test drives the schedulers by calling `step()`.

package import Joist
import Synchronization
import Testing

/// A platform with simulated time, no threads and real memory.
package final class HandDrivenPlatform: Platform {
  private let host = HostPlatform.shared
  private let time = Atomic<Int64>(1_000_000_000)
  package let waiters = WaiterPool()
  package let ticks = TickClock(simulatedPerSecond: 1_000_000_000)
  private let reservationsLeft = Atomic<Int>(.max)
  package let numa: NumaTopology
  private let node = Atomic<Int>(0)
  private let behind = Atomic<Int64>(0)
  private let isLocked = Atomic<Bool>(false)

  package init(numa: NumaTopology = .single) {
    self.numa = numa
    advance(by: 0)
  }

  /// The numbers of heavy fences and of wake-ups.
  package let (heavyFences, wakes) = (Count(), Count())
  /// The number of bytes of address space that were released.
  package let releasedBytes = Count()
  /// Closures that run once, at the next heavy fence and while the next thread waits.
  private let fenceHook = Mutex<(@Sendable () -> Void)?>(nil)
  private let waitHook = Mutex<(@Sendable () -> Void)?>(nil)

  /// Sets a closure to run at the next heavy fence.
  package func atHeavyFence(_ body: @escaping @Sendable () -> Void) { fenceHook.withLock { $0 = body } }
  /// Sets a closure to run while the next thread waits.
  package func whileWaiting(_ body: @escaping @Sendable () -> Void) { waitHook.withLock { $0 = body } }

  /// The NUMA node of the test while it is on no scheduler.
  package var currentNode: Int {
    get { node.load(ordering: .relaxed) }
    set { node.store(newValue, ordering: .relaxed) }
  }

  package func now() -> Int64 { time.load(ordering: .relaxed) }

  /// Advances the time.
  package func advance(by nanoseconds: Int64) {
    let now = time.add(nanoseconds, ordering: .relaxed).newValue
    ticks.set(UInt64(now - behind.load(ordering: .relaxed)))
  }

  /// Resets the cheap clock to zero without changing the time, as the restoration of a virtual machine does.
  package func resetTicks() {
    behind.store(now(), ordering: .relaxed)
    ticks.set(0)
  }

  /// Lets the next `count` reservations succeed and refuses further ones until the next call.
  package func limitReservations(to count: Int) { reservationsLeft.store(count, ordering: .relaxed) }

  /// The reported use of the machine by every scheduler's thread.
  private let threadUse = Mutex<ThreadUse?>(nil)

  package func setThreadUse(_ use: ThreadUse?) { threadUse.withLock { $0 = use } }
  package func use(ofThread number: Int64) -> ThreadUse? { threadUse.withLock { $0 } }
  /// Makes every discard fail, as if the program had locked its memory.
  package func lockMemory() { isLocked.store(true, ordering: .relaxed) }

  /// The reported number of bytes of the program in memory.
  package let residentCount = Count()

  package func residentBytes() -> Int { residentCount.total }
  package var memoryBytes: Int { 1_000_000 }
  package func randomSeed() -> UInt64 { 42 }
  package var usefulSchedulers: Int { 1 }
  package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> (any PlatformThread)? {
    nil
  }
  package func wait(on word: borrowing WaitWord, while value: UInt32, until deadline: Int64?) {
    if let body = waitHook.withLock({ $0.take() }) { return body() }
    if let deadline { advance(by: max(0, deadline - now())) }
  }
  package func wake(_ word: borrowing WaitWord, all: Bool) { wakes.add() }
  package func heavyFence() {
    heavyFences.add()
    fenceHook.withLock({ $0.take() })?()
  }
  package var guardsAreFree: Bool { host.guardsAreFree }

  private var mayReserve: Bool { reservationsLeft.subtract(1, ordering: .relaxed).newValue >= 0 }

  // Sound: the memory is the host's, and each call is passed on unchanged or refused.
  package func reserve(bytes: Int) -> UnsafeMutableRawPointer? {
    mayReserve ? unsafe host.reserve(bytes: bytes) : nil
  }
  package func guardPages(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool {
    unsafe host.guardPages(start, bytes: bytes)
  }
  package func discard(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool {
    isLocked.load(ordering: .relaxed) ? false : unsafe host.discard(start, bytes: bytes)
  }
  package func grow(
    _ start: UnsafeMutableRawPointer,
    bytes: Int,
    to newBytes: Int,
    keeping used: Int
  ) -> UnsafeMutableRawPointer? {
    mayReserve ? unsafe host.grow(start, bytes: bytes, to: newBytes, keeping: used) : nil
  }
  package func release(_ start: UnsafeMutableRawPointer, bytes: Int) {
    releasedBytes.add(bytes)
    unsafe host.release(start, bytes: bytes)
  }
}

/// A runtime on a hand-driven platform.
package struct HandDriven {
  package let platform: HandDrivenPlatform
  package let runtime: ProcessRuntime
  private let schedulers: Int

  package init(
    _ configuration: ProcessRuntime.Configuration = .init(schedulers: 1),
    numa: NumaTopology = .single
  ) throws {
    platform = HandDrivenPlatform(numa: numa)
    runtime = try ProcessRuntime(configuration, platform: platform)
    schedulers = runtime.statistics.schedulers.count
  }

  /// Steps all schedulers in turn until none has work; with `passingTime`, then advances to each next deadline.
  package func run(passingTime: Bool = true) {
    while let next = stepUntilIdle(), passingTime { platform.advance(by: max(1, next - platform.now())) }
  }

  /// Runs for a duration, advancing from deadline to deadline.
  package func pass(nanoseconds: Int64) {
    let end = platform.now() + nanoseconds
    var next = stepUntilIdle()
    while platform.now() < end {
      platform.advance(by: max(1, min(next ?? end, end) - platform.now()))
      next = stepUntilIdle()
    }
  }

  /// Steps all schedulers in turn until none has work, and returns the next deadline if there is one.
  private func stepUntilIdle() -> Int64? {
    let end = ContinuousClock.now + testLimit
    var steps = 0
    while true {
      steps += 1
      if steps % 4_096 == 0 && ContinuousClock.now > end {
        Issue.record("waited for more than \(testLimit) until no scheduler has work: \(runtime.livingNow)")
        return nil
      }
      var ran = false
      var next: Int64?
      for number in 0..<schedulers {
        switch runtime.step(number) {
        case .ran: ran = true
        case .idle(let deadline): if let deadline { next = min(next ?? deadline, deadline) }
        case .stopped: return nil
        }
      }
      if !ran { return next }
    }
  }
}
