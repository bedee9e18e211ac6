// SPDX-License-Identifier: Apache-2.0
//
// Which series each figure of a runtime becomes. The number of series depends on the number of schedulers alone: no
// process, name or message type is a dimension. Names have no suffix that a backend adds by its own rules, such as
// `_total`.

#if Telemetry
  import CoreMetrics
  import Joist

  /// All series of one runtime.
  struct RuntimeSeries {
    private typealias Figure = @Sendable (RuntimeStatistics) -> Int
    private typealias Kind = (name: String, dimension: String, value: String, figure: Figure)

    /// The counters without dimensions, and the figures that they follow.
    private static let plain: [(name: String, figure: Figure)] = [
      ("joist_spawned", { $0.processesCreated }),
      ("joist_processes_abandoned", { $0.processesAbandoned }),
      ("joist_messages_sent", { $0.messagesSent }),
      ("joist_messages_received", { $0.messagesReceived }),
      ("joist_reductions", { $0.reductions }),
      ("joist_parks", { $0.parks }),
      ("joist_frames_saved", { $0.framesSaved }),
      ("joist_frames_restored", { $0.framesRestored }),
      ("joist_agings", { $0.agings }),
      ("joist_restarts", { $0.restarts }),
      ("joist_spare_starts", { $0.spareStarts }),
      ("joist_young_collections", { $0.youngCollections }),
      ("joist_full_collections", { $0.fullCollections }),
      ("joist_heap_bytes_allocated", { $0.heapBytesAllocated }),
      ("joist_heap_bytes_survived", { $0.heapBytesSurvived }),
    ]

    /// The counters that tell apart kinds of one event.
    private static let kinds = fixedKinds + traps

    private static let fixedKinds: [Kind] = [
      ("joist_exits", "reason", "crash", { $0.crashes }),
      // The figures are read one after the other, so a difference may be below zero for a moment.
      ("joist_exits", "reason", "error", { max(0, $0.abnormalExits - $0.linkedExits - $0.crashes) }),
      ("joist_exits", "reason", "linked", { $0.linkedExits }),
      ("joist_exits", "reason", "normal", { max(0, $0.processesEnded - $0.abnormalExits) }),
      ("joist_traps", "signal", "stack_overflow", { $0.overflowsContained }),
      ("joist_dead_letters", "cause", "ended", { $0.messagesDropped }),
      ("joist_dead_letters", "cause", "full", { $0.messagesRefused }),
      ("joist_dead_letters", "cause", "late_reply", { $0.repliesDropped }),
      ("joist_dead_letters", "cause", "unread", { $0.messagesDestroyed }),
    ]

    /// The counters of crashes by signal.
    private static let traps: [Kind] = CrashSignal.names.map { signal, name in
      ("joist_traps", "signal", name, { $0.trapsBySignal[signal] ?? 0 })
    }

    private static let states: [ProcessState] = [.ready, .running, .waiting, .suspended]

    private var plain: [CounterSeries]
    private var kinds: [CounterSeries]
    private let processes: [Meter]
    private let longestMailbox, savedFrames, heaps, slotsMade, slotLimit: Meter
    private var runDelay: [HistogramSeries]
    private var sliceLength, messageLatency, mailboxLength, switchTime, creationTime: HistogramSeries
    private var schedulers: [SchedulerSeries]

    init(_ maker: SeriesMaker, schedulers count: Int) {
      plain = RuntimeSeries.plain.map { maker.counter($0.name) }
      kinds = RuntimeSeries.kinds.map { maker.counter($0.name, [($0.dimension, $0.value)]) }
      processes = RuntimeSeries.states.map { maker.gauge("joist_processes", [("state", "\($0)")]) }
      longestMailbox = maker.gauge("joist_mailbox_longest")
      savedFrames = maker.gauge("joist_memory_bytes", [("part", "savedFrames")])
      heaps = maker.gauge("joist_memory_bytes", [("part", "heaps")])
      slotsMade = maker.gauge("joist_slots_made")
      slotLimit = maker.gauge("joist_slot_limit")
      let nanoseconds = 1e-9
      runDelay = Priority.allCases.map {
        maker.histogram("joist_run_delay_seconds", [("level", "\($0)")], scale: nanoseconds)
      }
      sliceLength = maker.histogram("joist_slice_seconds", scale: nanoseconds)
      messageLatency = maker.histogram("joist_message_latency_seconds", scale: nanoseconds)
      mailboxLength = maker.histogram("joist_mailbox_length", scale: 1)
      switchTime = maker.histogram("joist_switch_seconds", scale: nanoseconds)
      creationTime = maker.histogram("joist_creation_seconds", scale: nanoseconds)
      schedulers = (0..<count).map { SchedulerSeries(maker, index: $0) }
    }

    /// Brings all series up to what the runtime says now.
    mutating func follow(_ runtime: ProcessRuntime) {
      let statistics = runtime.statistics
      for (index, entry) in RuntimeSeries.plain.enumerated() { plain[index].follow(entry.figure(statistics)) }
      for (index, entry) in RuntimeSeries.kinds.enumerated() { kinds[index].follow(entry.figure(statistics)) }
      savedFrames.set(statistics.savedFramesBytes)
      heaps.set(statistics.heapBytes)
      slotsMade.set(statistics.slotsMade)
      slotLimit.set(statistics.slotLimit)
      for (index, scheduler) in statistics.schedulers.enumerated() { schedulers[index].follow(scheduler) }
      follow(runtime.histograms)
      countProcesses(of: runtime)
    }

    private mutating func follow(_ histograms: RuntimeHistograms) {
      for (index, priority) in Priority.allCases.enumerated() {
        if let delays = histograms.runDelay[priority] { runDelay[index].follow(delays) }
      }
      sliceLength.follow(histograms.sliceLength)
      messageLatency.follow(histograms.messageLatency)
      mailboxLength.follow(histograms.mailboxLength)
      switchTime.follow(histograms.switchTime)
      creationTime.follow(histograms.creationTime)
    }

    private func countProcesses(of runtime: ProcessRuntime) {
      var counts = Array(repeating: 0, count: RuntimeSeries.states.count)
      var longest = 0
      for process in runtime.processStatistics {
        if let index = RuntimeSeries.states.firstIndex(of: process.state) { counts[index] += 1 }
        longest = max(longest, process.mailboxLength)
      }
      for (index, count) in counts.enumerated() { processes[index].set(count) }
      longestMailbox.set(longest)
    }

    /// Sets all gauges to zero, because the runtime they describe is over or is not followed any more.
    func end() {
      for gauge in processes + [longestMailbox, savedFrames, heaps, slotsMade, slotLimit] { gauge.set(0) }
      for scheduler in schedulers { scheduler.end() }
    }
  }

  extension RuntimeStatistics {
    /// Processes that ended by a crash or a stack overflow.
    fileprivate var crashes: Int { trapsContained + overflowsContained }
  }
#endif
