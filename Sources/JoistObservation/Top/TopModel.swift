// SPDX-License-Identifier: Apache-2.0
//
// What the view knows of the program: the last answers, and the rates that follow from the answers before them.

/// The answers of a program, and how they have changed.
package struct TopModel: Sendable {
  /// The number of message rates that are kept for the curve in the header: the columns of a wide terminal.
  private static let maxHistory = 256

  package private(set) var program: ProgramDescription?
  package private(set) var runtime: RuntimeDescription?
  package private(set) var list: ProcessList?
  /// The page of a process, and whether that process has ended since.
  package private(set) var page: ProcessPage?
  package private(set) var pageHasEnded = false
  package private(set) var tree: [TreeRow]?
  package private(set) var waits: [WaitRow]?
  /// Messages sent in a second, one value a refresh, the last one at the end.
  package private(set) var messageRates: [Double] = []

  private var previousRuntime: RuntimeDescription?
  private var started: (uptime: Int64, now: Int64)?
  private var earlier: [String: Reading] = [:]
  private var rates: [String: ProcessRates] = [:]

  private struct Reading: Sendable {
    var time: Int64
    var process: ProcessDescription
  }

  /// Creates a model of a program that has not answered.
  package init() {}

  /// Takes the answers of a refresh.
  package mutating func apply(_ answer: TopAnswer) {
    if let program = answer.program {
      self.program = program
      started = (program.uptimeNanoseconds, answer.runtime.nowNanoseconds)
    }
    previousRuntime = runtime
    runtime = answer.runtime
    if let rate = perSecond("messagesSent") {
      messageRates.append(rate)
      if messageRates.count > Self.maxHistory { messageRates.removeFirst() }
    }
    switch answer.content {
    case .processes(let list):
      self.list = list
      note(list.rows.map(\.process), at: answer.time)
    case .process(let page): apply(page, at: answer.time)
    case .tree(let roots): tree = TreeRow.rows(of: roots)
    case .waits(let list): waits = WaitRow.rows(of: list)
    case .refused, nil: break
    }
  }

  /// Forgets the page of a process, before another one is asked for.
  package mutating func forgetPage() {
    page = nil
    pageHasEnded = false
  }

  private mutating func apply(_ page: ProcessPage?, at time: Int64) {
    if let page {
      self.page = page
      note([page.process], at: time)
    }
    pageHasEnded = page == nil
  }

  private mutating func note(_ processes: [ProcessDescription], at time: Int64) {
    rates = [:]
    var readings: [String: Reading] = [:]
    for process in processes {
      if let before = earlier[process.id], before.time < time {
        rates[process.id] = ProcessRates(from: before.process, to: process, nanoseconds: time - before.time)
      }
      readings[process.id] = Reading(time: time, process: process)
    }
    earlier = readings
  }

  /// How long the runtime has run; nil if that is not known.
  package var uptimeNanoseconds: Int64? {
    guard let started, let runtime else { return nil }
    return started.uptime + max(0, runtime.nowNanoseconds - started.now)
  }

  /// The time between the last two answers on the runtime's clock; nil after the first one.
  package var windowNanoseconds: Int64? {
    guard let runtime, let previousRuntime, runtime.nowNanoseconds > previousRuntime.nowNanoseconds else { return nil }
    return runtime.nowNanoseconds - previousRuntime.nowNanoseconds
  }

  /// Returns how much a counter grows in a second; nil after the first answer or without such a counter.
  package func perSecond(_ counter: String) -> Double? {
    guard let window = windowNanoseconds, let now = runtime?.counters[counter],
      let before = previousRuntime?.counters[counter]
    else { return nil }
    return Double(now - before) * 1e9 / Double(window)
  }

  /// Returns the rates of a process; nil if it was not among the answers before.
  package func rates(of id: String) -> ProcessRates? { rates[id] }

  /// Returns the part of its time that a scheduler has spent in each state since the last answer, or since the start.
  package func shares(of scheduler: SchedulerDescription) -> [String: Double] {
    let before = previousRuntime?.schedulers.first { $0.index == scheduler.index }
    let times = scheduler.timeNanoseconds.mapValues { max(0, $0) }
    let growth = times.merging(before?.timeNanoseconds ?? [:]) { max(0, $0 - max(0, $1)) }
    let used = growth.values.reduce(0, +) > 0 ? growth : times
    let sum = Double(used.values.reduce(0, +))
    return sum > 0 ? used.mapValues { Double($0) / sum } : [:]
  }

  /// Returns the values that a histogram has taken since the last answer, or all if there were no new ones.
  package func histogram(_ name: String) -> HistogramDescription? {
    guard let now = runtime?.histograms[name] else { return nil }
    guard let before = previousRuntime?.histograms[name], now.count > before.count else { return now }
    return now.subtracting(before)
  }
}

/// What a process has done in a second between two answers.
package struct ProcessRates: Sendable, Hashable {
  /// The parts of the time in which it ran, and in which it was ready and did not run.
  package var cpu, queued: Double
  package var slices, messagesIn, messagesOut: Double

  /// Creates the rates from two descriptions of a process and the time between them.
  package init(from before: ProcessDescription, to now: ProcessDescription, nanoseconds: Int64) {
    let time = Double(max(1, nanoseconds))
    cpu = Double(now.cpuNanoseconds - before.cpuNanoseconds) / time
    queued = Double(now.queuedNanoseconds - before.queuedNanoseconds) / time
    slices = Double(now.slices - before.slices) * 1e9 / time
    messagesIn = Double(now.messagesIn - before.messagesIn) * 1e9 / time
    messagesOut = Double(now.messagesOut - before.messagesOut) * 1e9 / time
  }
}

extension HistogramDescription {
  /// Returns the values that were added after `before` was taken.
  func subtracting(_ before: HistogramDescription) -> HistogramDescription {
    let counts = Dictionary(before.buckets.map { ($0.upperBound, $0.count) }) { first, _ in first }
    let buckets = buckets.compactMap { bucket -> Bucket? in
      let count = bucket.count - (counts[bucket.upperBound] ?? 0)
      return count > 0 ? Bucket(upperBound: bucket.upperBound, count: count) : nil
    }
    let count = buckets.reduce(0) { $0 + $1.count }
    return HistogramDescription(unit: unit, count: count, sum: sum - before.sum, buckets: buckets)
  }
}
