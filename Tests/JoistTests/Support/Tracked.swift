// SPDX-License-Identifier: Apache-2.0
//
// What tests look at from outside: objects that are counted, and a list that many processes write to.

import Joist
import Synchronization

/// Counts the objects that were made with it and have not been destroyed.
final class Tracker: Sendable {
  private let live = Atomic<Int>(0)
  var count: Int { live.load(ordering: .sequentiallyConsistent) }
  fileprivate func change(_ by: Int) { live.add(by, ordering: .sequentiallyConsistent) }
}

/// An object of a class graph, counted.
final class Tracked {
  let tracker: Tracker
  var number: Int
  var next: Tracked?

  init(_ tracker: Tracker, _ number: Int = 0, next: sending Tracked? = nil) {
    self.tracker = tracker
    self.number = number
    self.next = next
    tracker.change(1)
  }

  deinit { tracker.change(-1) }
}

/// What happened, in order.
final class Log<Entry: Sendable>: Sendable {
  private let list = Mutex<[Entry]>([])
  func add(_ entry: Entry) { list.withLock { $0.append(entry) } }
  var entries: [Entry] { list.withLock { $0 } }
}

/// A number that processes change and tests read.
final class Count: Sendable {
  private let value = Atomic<Int>(0)
  func add(_ amount: Int = 1) { value.add(amount, ordering: .sequentiallyConsistent) }
  var total: Int { value.load(ordering: .sequentiallyConsistent) }
}

/// Runs something on a runtime, waits until it is idle and shuts it down.
func withRuntime(
  _ configuration: ProcessRuntime.Configuration = .init(schedulers: 2),
  _ body: (ProcessRuntime) throws -> Void
) throws -> RuntimeStatistics {
  let runtime = try ProcessRuntime(configuration)
  try body(runtime)
  runtime.waitUntilIdle()
  let survivors = runtime.shutdown()
  precondition(survivors.isEmpty, "processes outlived the runtime")
  return runtime.statistics
}

/// Schedulers on a machine of two cores: fewer, as many, more.
let schedulerCounts = [1, 2, 8]
