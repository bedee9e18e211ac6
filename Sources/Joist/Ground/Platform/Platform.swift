// SPDX-License-Identifier: Apache-2.0
//
// The runtime's only interface to the outside: time, random numbers, threads, waiting, memory. `HostPlatform` is the
// real one. A simulated platform gives the same runtime a clock that the simulation advances, and virtual threads. The
// platform of a test may have no threads: the test then steps the schedulers by hand.

/// The services that the runtime needs from the machine.
package protocol Platform: AnyObject, Sendable {
  /// Returns the nanoseconds on a clock that never goes back.
  func now() -> Int64
  /// The cheap clock that measures slices.
  var ticks: TickClock { get }
  /// Returns a seed for the order in which a scheduler looks for victims.
  func randomSeed() -> UInt64
  /// The number of schedulers that can run at once: the machine's cores, or the part of them that a quota leaves.
  var usefulSchedulers: Int { get }
  /// The NUMA nodes of the machine.
  var numa: NumaTopology { get }
  /// Restricts the calling thread to the processors of a node (NU1).
  func stay(onNode node: Int)
  /// The node that the calling thread runs on.
  var currentNode: Int { get }
  /// The number under which other threads can query the calling thread's `use(ofThread:)`.
  var threadNumber: Int64 { get }
  /// Returns the processor time and state of a thread, given its number; nil if that is not known.
  func use(ofThread number: Int64) -> ThreadUse?
  /// Starts a thread; returns nil if the platform has no threads for the purpose, as when `step()` drives the
  /// schedulers.
  ///
  /// Throws if the system refuses a thread.
  func startThread(
    named name: String,
    _ body: @escaping @Sendable () -> Void
  ) throws(ResourceError) -> (any PlatformThread)?
  /// Sleeps while the word has this value, until woken or until the deadline on `now`'s clock; may return early.
  func wait(on word: borrowing WaitWord, while value: UInt32, until deadline: Int64?)
  /// Wakes one thread that sleeps on the word, or all of them.
  func wake(_ word: borrowing WaitWord, all: Bool)
  /// The free waiters of threads and tasks that wait on this platform.
  var waiters: WaiterPool { get }
  /// Orders the earlier stores of every thread before its later loads: the expensive side that pairs with `lightFence`.
  func heavyFence()
  /// Returns the bytes of memory that the program uses; zero if that is not known.
  func residentBytes() -> Int
  /// The bytes of memory that the program may use.
  var memoryBytes: Int { get }
  /// Reserves address space that is zeroed at first touch; returns nil if there is none left.
  func reserve(bytes: Int) -> UnsafeMutableRawPointer?
  /// Makes a range fault on access; returns whether that succeeded.
  func guardPages(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool
  /// Whether a guard leaves its mapping whole, so that guards use up no mappings.
  var guardsAreFree: Bool { get }
  /// Gives the memory behind a range back; the range reads as zero afterwards.
  ///
  /// Returns false and changes nothing if the system refuses, as it does for memory that the program has locked.
  @discardableResult
  func discard(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool
  /// Enlarges a reserved range, possibly moving it, without touching the new part.
  ///
  /// At least the first `used` bytes keep their contents. Returns nil and changes nothing if there is no space.
  func grow(
    _ start: UnsafeMutableRawPointer,
    bytes: Int,
    to newBytes: Int,
    keeping used: Int
  ) -> UnsafeMutableRawPointer?
  /// Gives a range back, addresses included.
  func release(_ start: UnsafeMutableRawPointer, bytes: Int)
  /// Makes a file of that length for the flight recorder, if the program's user asks for one; returns its descriptor,
  /// or -1.
  func openRecordingFile(bytes: Int) -> Int32
}

extension Platform {
  package var numa: NumaTopology { .single }
  package func stay(onNode node: Int) {}
  package var currentNode: Int { 0 }
  package func openRecordingFile(bytes: Int) -> Int32 { -1 }
}

// Sound: both ranges are the caller's, and the copied bytes lie in both.
extension Platform {
  /// Enlarges a range by copying it.
  package func grow(
    _ start: UnsafeMutableRawPointer,
    bytes: Int,
    to newBytes: Int,
    keeping used: Int
  ) -> UnsafeMutableRawPointer? {
    guard let moved = unsafe reserve(bytes: newBytes) else { return nil }
    unsafe moved.copyMemory(from: start, byteCount: used)
    unsafe release(start, bytes: bytes)
    return unsafe moved
  }
}

/// A thread that the platform started.
package protocol PlatformThread: AnyObject, Sendable {
  /// Waits for the thread's end; called at most once, and not by the thread itself.
  func join()
  /// Whether this thread is the calling thread.
  var isCurrent: Bool { get }
}
