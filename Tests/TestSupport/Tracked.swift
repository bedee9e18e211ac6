// SPDX-License-Identifier: Apache-2.0
//
// What tests look at from outside: objects that are counted, and a list that many processes write to.

package import Joist
import Synchronization
package import Testing

/// Counts the objects that were made with it and have not been destroyed.
package final class Tracker: Sendable {
  private let live = Atomic<Int>(0)

  package init() {}

  package var count: Int { live.load(ordering: .sequentiallyConsistent) }
  fileprivate func change(_ by: Int) { live.add(by, ordering: .sequentiallyConsistent) }
}

/// An object of a class graph, counted.
package final class Tracked {
  package let tracker: Tracker
  package var number: Int
  package var next: Tracked?

  package init(_ tracker: Tracker, _ number: Int = 0, next: sending Tracked? = nil) {
    self.tracker = tracker
    self.number = number
    self.next = next
    tracker.change(1)
  }

  deinit { tracker.change(-1) }
}

/// What happened, in order.
package final class Log<Entry: Sendable>: Sendable {
  private let list = Mutex<[Entry]>([])

  package init() {}

  package func add(_ entry: Entry) { list.withLock { $0.append(entry) } }
  package var entries: [Entry] { list.withLock { $0 } }
  package func clear() { list.withLock { $0 = [] } }
}

/// A number that processes change and tests read.
package final class Count: Sendable {
  private let value = Atomic<Int>(0)

  package init() {}

  package func add(_ amount: Int = 1) { value.add(amount, ordering: .sequentiallyConsistent) }
  package var total: Int { value.load(ordering: .sequentiallyConsistent) }
}

/// Runs something on a runtime, waits until it is idle and shuts it down, within ``testLimit``.
package func withRuntime(
  _ configuration: ProcessRuntime.Configuration = .init(schedulers: 2),
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (ProcessRuntime) throws -> Void
) throws -> RuntimeStatistics {
  let runtime = try ProcessRuntime(configuration)
  try withLimit("its runtime is idle", on: runtime, sourceLocation: sourceLocation) {
    try body(runtime)
    runtime.waitUntilIdle()
    let survivors = runtime.shutdown()
    #expect(survivors.isEmpty, "processes outlived the runtime", sourceLocation: sourceLocation)
  }
  return runtime.statistics
}

/// So many, or on ARM64, where the suite is mostly run in emulation, one in ten of them, or in what is said.
package func many(_ count: Int, oneIn share: Int = 10) -> Int {
  #if arch(arm64)
    count / share
  #else
    count
  #endif
}

/// So many seeds, or a tenth in debug builds, where simulated runs take ten times as long; the suite runs in both.
///
/// On ARM64 one in twenty of that.
package func seeds(_ count: Int) -> Range<UInt64> {
  #if DEBUG
    0..<UInt64(max(1, many(count, oneIn: 20) / 10))
  #else
    0..<UInt64(many(count, oneIn: 20))
  #endif
}

/// Schedulers on a machine of two cores: fewer, as many, more.
package let schedulerCounts = [1, 2, 8]
