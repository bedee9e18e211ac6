// SPDX-License-Identifier: Apache-2.0
//
// The environment of the checks: each runs on its own runtime, which must become idle and shut down, and whose counts
// are added to a common balance.

import Joist
import Synchronization

/// The state that all checks of one validation share.
final class Conditions {
  /// The number of schedulers: one per core, but at least two, so that they can wake and steal from each other.
  let schedulers = max(2, HostPlatform.shared.usefulSchedulers)
  /// The number of messages that race with parking receivers.
  let races: Int
  /// Whether the checks do a tenth of the work.
  let isQuick: Bool
  let progress = Progress()
  /// The progress line while a check runs.
  var title = ""
  /// The balance of all runtimes so far.
  private(set) var balance = Balance()

  init(races: Int, isQuick: Bool) {
    self.races = races
    self.isQuick = isQuick
  }

  /// Returns `count`, or a tenth of it (but at least one) with `--quick`.
  func many(_ count: Int) -> Int { isQuick ? max(1, count / 10) : count }

  /// Creates a runtime, runs the body, which starts processes on it, waits until it is idle, and shuts it down.
  ///
  /// Throws if the runtime is not idle after a minute, or if a process outlives it.
  @discardableResult
  func onRuntime(
    _ configuration: ProcessRuntime.Configuration,
    _ body: (ProcessRuntime) throws -> Void
  ) throws -> RuntimeStatistics {
    let ended = try onRuntimeThatMayHang(configuration, limit: .seconds(60), body)
    guard ended.isIdle else { throw CheckProblem("the runtime was not idle after a minute") }
    guard ended.survivors == 0 else { throw CheckProblem("\(ended.survivors) processes outlived their runtime") }
    return ended.statistics
  }

  /// Does the same as `onRuntime` with a given limit, but does not throw for a runtime that hangs.
  ///
  /// Returns whether the runtime became idle, and the number of processes that outlived it.
  func onRuntimeThatMayHang(
    _ configuration: ProcessRuntime.Configuration,
    limit: Duration,
    _ body: (ProcessRuntime) throws -> Void
  ) throws -> (statistics: RuntimeStatistics, isIdle: Bool, survivors: Int) {
    let runtime = try ProcessRuntime(configuration)
    let result = Result { try body(runtime) }
    let isIdle = runtime.waitUntilIdle(timeout: limit)
    let survivors = runtime.shutdown().count
    let statistics = runtime.statistics
    balance.add(statistics)
    try result.get()
    return (statistics, isIdle, survivors)
  }
}

/// The sums over all runtimes of what was created, and of how much of it is unaccounted for.
struct Balance {
  private(set) var processes = 0
  private(set) var messages = 0
  /// The processes that did not end and the messages that were not received, destroyed or dropped.
  private(set) var difference = 0

  mutating func add(_ figures: RuntimeStatistics) {
    let gone = figures.messagesReceived + figures.messagesDestroyed + figures.messagesDropped
    processes += figures.processesCreated
    messages += figures.messagesSent
    difference += abs(figures.processesCreated - figures.processesEnded) + abs(figures.messagesSent - gone)
  }
}

/// A list that processes append to and a check reads.
final class Log<Entry: Sendable>: Sendable {
  private let list = Mutex<[Entry]>([])
  func add(_ entry: Entry) { list.withLock { $0.append(entry) } }
  var entries: [Entry] { list.withLock { $0 } }
}

/// A computation that the compiler cannot remove: each step depends on the one before, and the result is used.
struct Work {
  private var value: UInt64 = 1

  /// Computes `steps` steps of about a nanosecond each.
  mutating func go(on steps: Int) {
    for _ in 0..<steps { value = turned(value) }
    Sink.take(value)
  }
}

extension [Double] {
  /// The median; nil if the list is empty.
  var median: Double? { isEmpty ? nil : sorted()[count / 2] }
}
