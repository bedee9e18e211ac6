// SPDX-License-Identifier: Apache-2.0
//
// Helpers by which tests observe processes: counted objects, a log and a counter that many processes write to.

package import Joist
import Synchronization
package import Testing

/// Counts the objects that were created with it and have not been destroyed.
package final class Tracker: Sendable {
  private let live = Atomic<Int>(0)

  package init() {}

  package var count: Int { live.load(ordering: .sequentiallyConsistent) }
  fileprivate func change(_ by: Int) { live.add(by, ordering: .sequentiallyConsistent) }
}

/// A counted object, which can be part of a graph.
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

/// A list of events in the order in which they happened.
package final class Log<Entry: Sendable>: Sendable {
  private let list = Mutex<[Entry]>([])

  package init() {}

  package func add(_ entry: Entry) { list.withLock { $0.append(entry) } }
  package var entries: [Entry] { list.withLock { $0 } }
  package func clear() { list.withLock { $0 = [] } }
}

/// A counter that processes change and tests read.
package final class Count: Sendable {
  private let value = Atomic<Int>(0)

  package init() {}

  package func add(_ amount: Int = 1) { value.add(amount, ordering: .sequentiallyConsistent) }
  package var total: Int { value.load(ordering: .sequentiallyConsistent) }
}

/// Runs a body on a runtime, waits until the runtime is idle and shuts it down, within ``testLimit``.
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

/// Returns a count, or on ARM64 a tenth of it or `1 / share`, because the suite mostly runs in emulation there.
package func many(_ count: Int, oneIn share: Int = 10) -> Int {
  #if arch(arm64)
    count / share
  #else
    count
  #endif
}

/// Returns a range of `count` seeds, or of a tenth in debug builds, where simulated runs take ten times as long.
///
/// The suite runs in both builds. On ARM64 the range is a twentieth of that.
package func seeds(_ count: Int) -> Range<UInt64> {
  #if DEBUG
    0..<UInt64(max(1, many(count, oneIn: 20) / 10))
  #else
    0..<UInt64(many(count, oneIn: 20))
  #endif
}

/// The numbers of schedulers that tests use: on a machine of two cores fewer than, as many as and more than the cores.
package let schedulerCounts = [1, 2, 8]
