// SPDX-License-Identifier: Apache-2.0
//
// What checks run on: a runtime for each, which must come to rest and end, and whose counts are kept.

import Joist
import Synchronization

/// What all checks of one validation have in common.
final class Conditions {
  /// One a core, and two at least, so that there is somebody to wake and to steal from.
  let schedulers = max(2, HostPlatform.shared.usefulSchedulers)
  /// Messages that race with receivers which park.
  let races: Int
  /// Whether a tenth of the work is enough.
  let isQuick: Bool
  let progress = Progress()
  /// What is shown while a check runs.
  var title = ""
  /// Of all runtimes so far.
  private(set) var balance = Balance()

  init(races: Int, isQuick: Bool) {
    self.races = races
    self.isQuick = isQuick
  }

  /// So many of something, or a tenth where that is enough.
  func many(_ count: Int) -> Int { isQuick ? max(1, count / 10) : count }

  /// Makes a runtime, has the body start something on it, waits until it is idle, and ends it.
  ///
  /// Throws if it does not come to rest, or if a process outlives it.
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

  /// The same for those who expect that.
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

/// What was made and what became of it.
struct Balance {
  private(set) var processes = 0
  private(set) var messages = 0
  /// How far made and ended are apart, for each runtime that was counted.
  private(set) var difference = 0

  mutating func add(_ figures: RuntimeStatistics) {
    let gone = figures.messagesReceived + figures.messagesDestroyed + figures.messagesDropped
    processes += figures.processesCreated
    messages += figures.messagesSent
    difference += abs(figures.processesCreated - figures.processesEnded) + abs(figures.messagesSent - gone)
  }
}

/// What processes note and a check reads.
final class Log<Entry: Sendable>: Sendable {
  private let list = Mutex<[Entry]>([])
  func add(_ entry: Entry) { list.withLock { $0.append(entry) } }
  var entries: [Entry] { list.withLock { $0 } }
}

/// Work that no compiler leaves out: each step needs the one before it, and all of them are wanted.
struct Work {
  private var value: UInt64 = 1

  /// So many steps, of about a nanosecond.
  mutating func go(on steps: Int) {
    for _ in 0..<steps { value = turned(value) }
    Sink.take(value)
  }
}

extension [Double] {
  /// The value in the middle; nil if there is none.
  var median: Double? { isEmpty ? nil : sorted()[count / 2] }
}
