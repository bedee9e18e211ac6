// SPDX-License-Identifier: Apache-2.0
//
// The figures by which processes are sorted, and the search for the processes with the largest ones. A search reads
// each record once, and keeps no more than the rows that it returns.

import CJoist
import Synchronization

/// A figure of a process.
public enum ProcessFigureKind: Sendable, Hashable, CaseIterable {
  /// ``ProcessStatistics/cpuTime``, in nanoseconds.
  case cpuTime
  /// ``ProcessStatistics/queuedTime``, in nanoseconds.
  case queuedTime
  /// ``ProcessStatistics/slices``, ``ProcessStatistics/waits``, ``ProcessStatistics/messagesReceived`` and
  /// ``ProcessStatistics/messagesSent``.
  case slices, waits, messagesReceived, messagesSent
  /// ``ProcessStatistics/mailboxLength``.
  case mailboxLength
  /// The bytes of the private heap, of saved frames, and of unreceived messages, each of which counts as the smallest.
  case memory
  /// ``ProcessStatistics/waitingFor``, in nanoseconds.
  case waitingFor
}

/// A process and its figure.
public struct RankedProcess: Sendable, Hashable {
  /// The process.
  public let process: ProcessStatistics
  /// The figure, or its growth in the window.
  public let value: Int
}

extension ProcessRuntime {
  /// Returns the processes with the largest figures, the largest first.
  ///
  /// Looks at each process once, without stopping any; a hundred thousand take some milliseconds. Does not park.
  ///
  /// - Parameters:
  ///   - figure: The figure by which the processes are sorted.
  ///   - limit: The maximum number of processes to return.
  /// - Returns: The processes whose figure is not zero, as far as `limit` allows; equals are in order of identity.
  public func topProcesses(by figure: ProcessFigureKind, limit: Int) -> [RankedProcess] {
    core.topProcesses(limit: limit) { record, _, now in core.value(of: figure, record, now: now) }
  }

  /// Returns the processes whose figure grows most in the given time.
  ///
  /// The task is suspended for that time; no process is stopped.
  ///
  /// - Parameters:
  ///   - figure: The figure by which the processes are sorted.
  ///   - limit: The maximum number of processes to return.
  ///   - window: The time between the two looks.
  /// - Returns: The processes whose figure has grown, the one with the largest growth first.
  /// - Throws: `CancellationError` if the task is cancelled.
  public func topProcesses(
    by figure: ProcessFigureKind,
    limit: Int,
    over window: Duration
  ) async throws -> [RankedProcess] {
    let growth = ProcessGrowth(of: figure, in: self)
    try await Task.sleep(for: window)
    return growth.top(limit: limit)
  }
}

/// The growth of a figure of all processes since the last look.
///
/// Keeps twelve bytes for each record of the runtime. Made for views that look again and again; a single window is
/// ``ProcessRuntime/topProcesses(by:limit:over:)``.
public final class ProcessGrowth: Sendable {
  private let runtime: ProcessRuntime
  private let figure: ProcessFigureKind
  /// The values at the last look, and the generations that they belong to, by record.
  private let last: Mutex<(figures: [Int], generations: [UInt32])>

  /// Looks at all processes for the first time.
  ///
  /// - Parameters:
  ///   - figure: The figure whose growth is measured.
  ///   - runtime: The runtime of the processes.
  public init(of figure: ProcessFigureKind, in runtime: ProcessRuntime) {
    self.runtime = runtime
    self.figure = figure
    last = Mutex(([], []))
    _ = top(limit: 0)
  }

  /// Returns the processes whose figure has grown most since the last call; those that are new have grown from zero.
  ///
  /// - Parameter limit: The maximum number of processes to return.
  /// - Returns: The processes whose figure has grown, the one with the largest growth first.
  public func top(limit: Int) -> [RankedProcess] {
    let core = runtime.core
    return last.withLock { last in
      let count = core.it.table.usedCount
      last.figures.append(contentsOf: repeatElement(0, count: max(0, count - last.figures.count)))
      last.generations.append(contentsOf: repeatElement(0, count: max(0, count - last.generations.count)))
      return core.topProcesses(limit: limit) { record, generation, now in
        let (value, index) = (core.value(of: figure, record, now: now), core.it.table.index(of: record))
        guard index < count else { return 0 }
        let before = last.generations[index] == generation ? last.figures[index] : 0
        last.figures[index] = value
        last.generations[index] = generation
        return value - before
      }
    }
  }
}

extension Handle<RuntimeCore> {
  /// Returns a figure of the process that has a record.
  // Ordering: relaxed, statistics.
  fileprivate func value(of figure: ProcessFigureKind, _ record: ProcessHandle, now: UInt64) -> Int {
    let clock = it.platform.ticks
    switch figure {
    case .cpuTime: return Int(clock.nanoseconds(UInt64(max(0, record.it.usage.cpu.total))))
    case .queuedTime:
      let ticks = UInt64(max(0, record.it.usage.queued.total)) << UInt64(ProcessUsage.queuedUnitShift)
      return Int(clock.nanoseconds(ticks))
    case .slices: return record.it.usage.slices.total
    case .waits: return record.it.usage.waits.total
    case .messagesReceived: return record.it.usage.received.total
    case .messagesSent: return record.it.usage.sent.total
    case .mailboxLength: return record.mailboxLengthAtAGuess
    case .memory: return record.rankedBytes
    case .waitingFor:
      let note = WaitNote(bits: record.it.wait.load(ordering: .relaxed))
      guard record.it.state == .waiting, note.reason != nil, now > note.since else { return 0 }
      return Int(clock.nanoseconds(now - note.since))
    }
  }

  /// Returns the live processes with the largest values, the largest first, without those whose value is not positive.
  fileprivate func topProcesses(
    limit: Int,
    _ value: (ProcessHandle, _ generation: UInt32, _ now: UInt64) -> Int
  ) -> [RankedProcess] {
    let clock = it.platform.ticks
    let now = clock.count
    var top = LargestValues(limit: limit)
    for record in it.table.all {
      // Ordering: relaxed; `ProcessStatistics` looks at the generation again.
      let generation = record.it.generation.load(ordering: .relaxed)
      guard record.it.usage.parentIfBegun != nil, record.it.state != .terminated else { continue }
      let value = value(record, generation, now)
      if value > top.least { top.add(value, record, generation) }
    }
    return top.sorted.compactMap { entry in
      ProcessStatistics(entry.record, entry.generation, clock, now: now).map {
        RankedProcess(process: $0, value: entry.value)
      }
    }
  }
}

extension ProcessHandle {
  /// The bytes by which processes are ranked: those that any thread may read.
  fileprivate var rankedBytes: Int { heapBytes + mailboxLengthAtAGuess * NodePool.minBytes }
}

/// The largest of many values, in a heap whose root is the one that ranks last; of equals, the later record does.
private struct LargestValues {
  struct Entry {
    let value: Int
    let record: ProcessHandle
    let generation: UInt32

    func ranks(before other: Entry) -> Bool { (value, other.record.bits) > (other.value, record.bits) }
  }

  private let limit: Int
  private var heap: [Entry] = []

  init(limit: Int) { self.limit = max(0, limit) }

  /// The value that another one must exceed to be kept; records are added in their order.
  var least: Int { limit == 0 ? .max : heap.count < limit ? 0 : heap[0].value }

  mutating func add(_ value: Int, _ record: ProcessHandle, _ generation: UInt32) {
    let entry = Entry(value: value, record: record, generation: generation)
    if heap.count < limit {
      heap.append(entry)
      rise()
    } else {
      heap[0] = entry
      sink()
    }
  }

  private mutating func rise() {
    var index = heap.count - 1
    while index > 0, heap[(index - 1) / 2].ranks(before: heap[index]) {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  private mutating func sink() {
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, heap[child].ranks(before: heap[child + 1]) { child += 1 }
      guard heap[index].ranks(before: heap[child]) else { return }
      heap.swapAt(index, child)
      index = child
    }
  }

  /// The entries, the largest value first; equals in order of their records.
  var sorted: [Entry] { heap.sorted { $0.ranks(before: $1) } }
}
