// SPDX-License-Identifier: Apache-2.0
//
// The description of a runtime as a whole.

import Foundation
import Joist

extension RuntimeInspector {
  /// Describes the runtime: its schedulers, queues, memory and histograms.
  public func runtime() -> RuntimeDescription {
    let statistics = observed.statistics
    let histograms = observed.histograms
    var distributions: [String: HistogramDescription] = [:]
    for (priority, histogram) in histograms.runDelay { distributions["runDelay.\(priority)"] = describe(histogram) }
    distributions["sliceLength"] = describe(histograms.sliceLength)
    distributions["messageLatency"] = describe(histograms.messageLatency)
    distributions["mailboxLength"] = describe(histograms.mailboxLength, unit: "messages")
    distributions["switchTime"] = describe(histograms.switchTime)
    distributions["creationTime"] = describe(histograms.creationTime)
    return RuntimeDescription(
      nowNanoseconds: Int64(DispatchTime.now().uptimeNanoseconds),
      processes: processStates(statistics),
      counters: statistics.counters,
      memoryBytes: [
        "resident": observed.residentBytes, "savedFrames": statistics.savedFramesBytes, "heaps": statistics.heapBytes,
      ],
      schedulers: statistics.schedulers.map(describe),
      histograms: distributions
    )
  }

  /// The number of processes by state; those that wait are the rest.
  private func processStates(_ statistics: RuntimeStatistics) -> [String: Int] {
    let all = statistics.processesCreated - statistics.processesEnded
    let running = statistics.schedulers.count { $0.running != nil }
    let ready = statistics.schedulers.reduce(0) { $0 + $1.queues.reduce(0) { $0 + $1.length } }
    return ["running": running, "ready": ready, "waiting": max(0, all - running - ready)]
  }

  private func describe(_ histogram: RuntimeHistogram, unit: String = "nanoseconds") -> HistogramDescription {
    let buckets = histogram.buckets.map {
      HistogramDescription.Bucket(upperBound: Int64($0.upperBound), count: $0.count)
    }
    let sum = buckets.reduce(Int64(0)) { $0 &+ $1.upperBound &* Int64($1.count) }
    return HistogramDescription(unit: unit, count: histogram.count, sum: sum, buckets: buckets)
  }

  private func describe(_ scheduler: SchedulerStatistics) -> SchedulerDescription {
    let times = scheduler.time.map { ("\($0.key)", $0.value.nanoseconds) }
    return SchedulerDescription(
      index: scheduler.index,
      isSpare: scheduler.isSpare,
      isStuck: scheduler.isStuck,
      running: scheduler.running.map { "\($0)" },
      queueLengths: scheduler.queues.map(\.length),
      slices: scheduler.slices,
      migrationsIn: scheduler.migrationsIn,
      migrationsOut: scheduler.migrationsOut,
      stealAttempts: scheduler.stealAttempts,
      steals: scheduler.steals,
      timeNanoseconds: Dictionary(uniqueKeysWithValues: times)
    )
  }
}

extension RuntimeStatistics {
  /// The counters by name: also `traps.SIGNAL` and `restarts.SUPERVISOR`.
  fileprivate var counters: [String: Int] {
    var counters = plainCounters
    counters["traps.stack_overflow"] = overflowsContained
    for (signal, name) in CrashSignal.names { counters["traps.\(name)"] = trapsBySignal[signal] ?? 0 }
    for (name, count) in restartsBySupervisor { counters["restarts.\(name)"] = count }
    return counters
  }

  private var plainCounters: [String: Int] {
    [
      "processesCreated": processesCreated, "processesEnded": processesEnded,
      "processesAbandoned": processesAbandoned, "abnormalExits": abnormalExits, "linkedExits": linkedExits,
      "trapsContained": trapsContained, "overflowsContained": overflowsContained, "messagesSent": messagesSent,
      "messagesReceived": messagesReceived, "messagesDestroyed": messagesDestroyed,
      "messagesDropped": messagesDropped, "messagesRefused": messagesRefused, "repliesDropped": repliesDropped,
      "slices": slices, "reductions": reductions, "parks": parks, "stealAttempts": stealAttempts, "steals": steals,
      "processesStolen": processesStolen, "framesSaved": framesSaved, "framesRestored": framesRestored,
      "agings": agings, "schedulerSleeps": schedulerSleeps, "spareStarts": spareStarts,
      "youngCollections": youngCollections, "fullCollections": fullCollections,
      "heapBytesAllocated": heapBytesAllocated,
    ]
  }
}
