// SPDX-License-Identifier: Apache-2.0
//
// The platform of the real machine: the operating system's clock, threads and memory.

import CJoist
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The platform with real time, real threads and real memory.
///
/// Almost every function wraps a single system call.
package final class HostPlatform: Platform {
  package let ticks = TickClock()
  package let guardsAreFree: Bool
  package let waiters = WaiterPool()
  package let numa = NumaTopology.read(SmallFile.text) { joist_processor_is_allowed(Int32($0)) }
  private let meter = ResidentMeter()
  /// The size of a page of the machine's memory.
  static let pageBytes = Int(getpagesize())
  /// The only instance, because there is one machine.
  package static let shared = HostPlatform()

  private init() {
    joist_fences_prepare()
    guardsAreFree = HostPlatform.guardsLeaveMappingsWhole
  }

  package func residentBytes() -> Int { meter.bytes() }
  package var memoryBytes: Int { MachineMemory.most() }

  package func now() -> Int64 { HostPlatform.clock() }

  // Sound: the structure is a local that the call fills.
  /// Returns the nanoseconds on the machine's monotonic clock.
  static func clock() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  package func randomSeed() -> UInt64 {
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }

  package var usefulSchedulers: Int { Processors.useful() }

  package func stay(onNode node: Int) { stay(onProcessors: numa.processors[node]) }

  // Sound: the call reads exactly the numbers whose count it is given.
  /// Restricts the calling thread to these processors.
  package func stay(onProcessors processors: [Int]) {
    let processors = processors.map { Int64($0) }
    unsafe processors.withUnsafeBufferPointer { unsafe joist_stay_on_processors($0.baseAddress!, Int64($0.count)) }
  }

  package var currentNode: Int { numa.node(ofProcessor: Int(joist_current_processor())) }

  package func startThread(
    named name: String,
    _ body: @escaping @Sendable () -> Void
  ) throws(ResourceError) -> (any PlatformThread)? {
    guard numa.count > 1 else { return try HostThread(name: name, body: body) }
    // A thread that a scheduler starts would inherit the scheduler's processors.
    return try HostThread(name: name) {
      self.stay(onProcessors: self.numa.processors.flatMap { $0 })
      body()
    }
  }

  // Sound: the word is borrowed for the call, so it outlives it.
  package func wait(on word: borrowing WaitWord, while value: UInt32, until deadline: Int64?) {
    let left = deadline.map { $0 - now() } ?? -1
    if deadline != nil && left <= 0 { return }
    unsafe withAddress(of: word) { unsafe joist_futex_wait($0, value, left) }
  }

  // Sound: as above; the system only compares addresses.
  package func wake(_ word: borrowing WaitWord, all: Bool) {
    unsafe withAddress(of: word) { unsafe joist_futex_wake($0, all ? Int32.max : 1) }
  }

  // Sound: an `Atomic` does not move while it is borrowed, and its address is the address of its value.
  private func withAddress(of word: borrowing WaitWord, _ body: (UnsafeRawPointer) -> Void) {
    unsafe withUnsafePointer(to: word.count) { unsafe body(UnsafeRawPointer($0)) }
  }

  package func heavyFence() { joist_heavy_fence() }

  // Sound: no other code knows a new mapping.
  package func reserve(bytes: Int) -> UnsafeMutableRawPointer? {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | reservesNothing
    let start = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else { return nil }
    return unsafe start
  }

  // Sound: the range is the caller's, who allows nothing to be in it.
  package func guardPages(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool {
    if guardsAreFree, unsafe joist_guard_install(start, bytes) { return true }
    return unsafe mprotect(start, bytes, PROT_NONE) == 0
  }

  // Sound: the range is the caller's, who needs none of its contents any more; the same holds for `release`.
  package func discard(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool {
    unsafe madvise(start, bytes, Int32(MADV_DONTNEED)) == 0
  }

  package func release(_ start: UnsafeMutableRawPointer, bytes: Int) {
    unsafe munmap(start, bytes)
  }

  package func openRecordingFile(bytes: Int) -> Int32 { joist_recording_open(Int64(bytes)) }
}

/// Yields the processor for a moment: to another thread of the simulation if this thread is simulated, otherwise to
/// another thread of the machine.
package func relinquishProcessor() {
  if !SchedulePoint.isSimulated { yieldProcessor() } else { SchedulePoint.reach(.relinquished) }
}

/// Yields the processor to another thread of the machine.
func yieldProcessor() { sched_yield() }
