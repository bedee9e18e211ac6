// SPDX-License-Identifier: Apache-2.0
//
// The real machine with a limited number of threads or processors.

package import Joist
import Synchronization

/// A platform that forwards everything to the host, but refuses threads once a limit is reached.
package final class ScarcePlatform: Platform {
  private let host = HostPlatform.shared
  private let threadsLeft: Atomic<Int>
  package let usefulSchedulers: Int
  package let waiters = WaiterPool()

  package init(threads: Int, usefulSchedulers: Int = 2) {
    threadsLeft = Atomic(threads)
    self.usefulSchedulers = usefulSchedulers
  }

  /// Sets the number of threads that can be started from now on.
  package func giveThreads(_ count: Int) { threadsLeft.store(count, ordering: .sequentiallyConsistent) }

  package func startThread(
    named name: String,
    _ body: @escaping @Sendable () -> Void
  ) throws(ResourceError) -> (any PlatformThread)? {
    guard threadsLeft.subtract(1, ordering: .sequentiallyConsistent).newValue >= 0 else {
      throw ResourceError(what: "thread for \(name)")
    }
    return try host.startThread(named: name, body)
  }

  package func now() -> Int64 { host.now() }
  package var ticks: TickClock { host.ticks }
  package func randomSeed() -> UInt64 { host.randomSeed() }
  package func wait(on word: borrowing WaitWord, while value: UInt32, until deadline: Int64?) {
    host.wait(on: word, while: value, until: deadline)
  }
  package func wake(_ word: borrowing WaitWord, all: Bool) { host.wake(word, all: all) }
  package func heavyFence() { host.heavyFence() }
  package func residentBytes() -> Int { host.residentBytes() }
  package var memoryBytes: Int { host.memoryBytes }
  package var guardsAreFree: Bool { host.guardsAreFree }

  // Sound: the memory is the host's, and each call is passed on unchanged.
  package func reserve(bytes: Int) -> UnsafeMutableRawPointer? { unsafe host.reserve(bytes: bytes) }
  package func guardPages(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool {
    unsafe host.guardPages(start, bytes: bytes)
  }
  package func discard(_ start: UnsafeMutableRawPointer, bytes: Int) -> Bool {
    unsafe host.discard(start, bytes: bytes)
  }
  package func release(_ start: UnsafeMutableRawPointer, bytes: Int) { unsafe host.release(start, bytes: bytes) }
}
