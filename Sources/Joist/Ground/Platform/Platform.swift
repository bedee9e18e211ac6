// SPDX-License-Identifier: Apache-2.0
//
// The one seam to the world: time, random numbers, threads, waiting, memory. The real one is `HostPlatform`; a
// simulated one gives the same runtime a clock that somebody turns and no threads at all.

/// What the runtime asks of the machine it is on.
package protocol Platform: AnyObject, Sendable {
  /// Nanoseconds on a clock that never goes back.
  func now() -> Int64
  /// The cheap clock that slices are timed by.
  var ticks: TickClock { get }
  /// A seed for the order in which a scheduler looks for victims.
  func randomSeed() -> UInt64
  /// How many schedulers make use of this machine: its cores, or what a quota leaves of them.
  var usefulSchedulers: Int { get }
  /// The NUMA nodes of the machine.
  var numa: NumaTopology { get }
  /// Keeps the calling thread on the processors of a node (NU1).
  func stay(onNode node: Int)
  /// The node that the calling thread runs on.
  var currentNode: Int { get }
  /// A number by which others ask for the calling thread's use of the machine.
  var threadNumber: Int64 { get }
  /// What a thread has had of the machine, by its number; nil where that is not known.
  func use(ofThread number: Int64) -> ThreadUse?
  /// Starts a thread; nil where there are none for that purpose, as where schedulers are driven by calling `step()`.
  ///
  /// Throws when the system gives none.
  func startThread(
    named name: String,
    _ body: @escaping @Sendable () -> Void
  ) throws(ResourceError) -> (any PlatformThread)?
  /// Sleeps while the word has this value, until woken or until that time on `now`'s clock; may return early.
  func wait(on word: borrowing WaitWord, while value: UInt32, until deadline: Int64?)
  /// Wakes who sleeps on the word.
  func wake(_ word: borrowing WaitWord, all: Bool)
  /// Free waiters of threads and tasks that wait on this platform.
  var waiters: WaiterPool { get }
  /// Orders, for every thread, its earlier stores before its later loads; the rare half of `lightFence`.
  func heavyFence()
  /// Bytes of memory that the program has in use; zero where that is not known.
  func residentBytes() -> Int
  /// Bytes that it may have.
  var memoryBytes: Int { get }
  /// Address space, zeroed at first touch, or nil when there is none left.
  func reserve(bytes: Int) -> UnsafeMutableRawPointer?
  /// Makes a range fault on access. False when it cannot.
  func guardPages(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool
  /// Whether a guard leaves its mapping whole.
  var guardsAreFree: Bool { get }
  /// Gives the memory behind a range back; it reads as zero afterwards.
  ///
  /// False, and nothing is changed, where the system does not do that, as with memory that the program has locked.
  @discardableResult
  func discard(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool
  /// Makes a range that was reserved larger, perhaps elsewhere, without touching what is new; of what is in it at least
  /// the first `used` bytes stay. Nil, and nothing is changed, when there is no room.
  func grow(
    _ start: UnsafeMutableRawPointer,
    bytes: Int,
    to newBytes: Int,
    keeping used: Int
  ) -> UnsafeMutableRawPointer?
  /// Gives the addresses back as well.
  func release(_ start: UnsafeMutableRawPointer, bytes: Int)
}

extension Platform {
  package var numa: NumaTopology { .single }
  package func stay(onNode node: Int) {}
  package var currentNode: Int { 0 }
}

// Sound: both ranges are the caller's, and what is copied lies in both.
extension Platform {
  /// Grows a range by copying it.
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

/// A thread that was started.
package protocol PlatformThread: AnyObject, Sendable {
  /// Waits for its end; may be called once, and not by itself.
  func join()
  /// Whether it is the one that asks.
  var isCurrent: Bool { get }
}
