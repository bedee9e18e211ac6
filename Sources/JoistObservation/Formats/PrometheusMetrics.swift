// SPDX-License-Identifier: Apache-2.0
//
// Which metric each figure of a runtime becomes. Metrics with an `le` or `scheduler` label are the only ones that a
// setting multiplies; labels that a program names, such as supervisors, are cut at a bound.

extension RuntimeDescription {
  /// The largest number of label values that one counter may have, since each is a series of its own for years.
  private static let maxLabelValues = 100

  /// Upper bounds of buckets in nanoseconds: each is four times the one before it, from 256 ns to 17 s.
  private static let secondsBounds: [Int64] = stride(from: Int64(8), through: 34, by: 2).map { Int64(1) << $0 }

  /// Upper bounds of buckets for counts of messages.
  private static let messageBounds: [Int64] = stride(from: Int64(0), through: 20, by: 2).map { Int64(1) << $0 }

  private static let levels = ["max", "high", "normal", "low"]

  /// Counters that a metric with labels contains; all others become metrics of their own.
  private static let counted: Set<String> = [
    "processesCreated", "processesEnded", "abnormalExits", "linkedExits", "trapsContained", "overflowsContained",
    "messagesSent", "messagesReceived", "messagesDestroyed", "messagesDropped", "messagesRefused", "repliesDropped",
    "savedFramesBytes", "heapBytes",
  ]

  /// Entries of `counters` that are not counters: they may fall.
  private static let gauges: Set<String> = ["slotsMade", "slotLimit"]

  func writeProcesses(to text: inout PrometheusWriter) {
    text.metric(
      "joist_processes",
      .gauge,
      "Live processes by state.",
      processes.sorted { $0.key < $1.key }.map { ([("state", $0.key)], Double($0.value)) }
    )
    text.metric("joist_spawned", .counter, "Processes created.", plain("processesCreated"))
    text.metric("joist_exits", .counter, "Processes ended, by kind of exit reason.", exits)
    let traps = labelled("traps", "signal")
    text.metric("joist_traps", .counter, "Crashes that ended only their process, by signal.", traps)
    text.metric("joist_restarts", .counter, "Children restarted, by supervisor.", labelled("restarts", "supervisor"))
    text.metric(
      "joist_memory_bytes",
      .gauge,
      "Memory in use, by part.",
      memoryBytes.sorted { $0.key < $1.key }.map { ([("part", $0.key)], Double($0.value)) }
    )
  }

  func writeMessages(to text: inout PrometheusWriter) {
    text.metric("joist_messages_sent", .counter, "Messages sent.", plain("messagesSent"))
    text.metric("joist_messages_received", .counter, "Messages received.", plain("messagesReceived"))
    let causes = [
      ("ended", "messagesDropped"), ("full", "messagesRefused"), ("late_reply", "repliesDropped"),
      ("unread", "messagesDestroyed"),
    ]
    text.metric(
      "joist_dead_letters",
      .counter,
      "Messages that no process received, by cause.",
      causes.compactMap { cause, counter in counters[counter].map { ([("cause", cause)], Double($0)) } }
    )
    text.metric(
      "joist_mailbox_longest",
      .gauge,
      "Longest mailbox that a receive has found, rounded up to the bound of a bucket.",
      (histograms["mailboxLength"]?.buckets.last).map { [([], Double($0.upperBound))] } ?? []
    )
  }

  func writeSchedulers(to text: inout PrometheusWriter) {
    func all(_ figure: (SchedulerDescription) -> Double) -> [(labels: [PrometheusWriter.Label], value: Double)] {
      schedulers.map { ([("scheduler", String($0.index))], figure($0)) }
    }
    text.metric(
      "joist_scheduler_seconds",
      .counter,
      "Time that each scheduler has spent, by state.",
      schedulers.flatMap { scheduler in
        scheduler.timeNanoseconds.sorted { $0.key < $1.key }.map {
          ([("scheduler", String(scheduler.index)), ("state", $0.key)], Double($0.value) / 1e9)
        }
      }
    )
    text.metric(
      "joist_run_queue_length",
      .gauge,
      "Ready processes in the run queue of each scheduler, by level.",
      schedulers.flatMap { scheduler in
        zip(Self.levels, scheduler.queueLengths).map {
          ([("scheduler", String(scheduler.index)), ("level", $0)], Double($1))
        }
      }
    )
    text.metric("joist_scheduler_slices", .counter, "Slices run.", all { Double($0.slices) })
    text.metric("joist_scheduler_stuck", .gauge, "1 for a stuck scheduler, or else 0.", all { $0.isStuck ? 1 : 0 })
    text.metric("joist_scheduler_steals", .counter, "Attempts to steal that succeeded.", all { Double($0.steals) })
    text.metric(
      "joist_scheduler_migrations",
      .counter,
      "Processes taken from other schedulers.",
      all { Double($0.migrationsIn) }
    )
  }

  func writeHistograms(to text: inout PrometheusWriter) {
    text.histogram(
      "joist_run_delay_seconds",
      "Time from ready to running, by level.",
      bounds: Self.secondsBounds,
      scale: 1e-9,
      Self.levels.compactMap { level in histograms["runDelay.\(level)"].map { ([("level", level)], $0) } }
    )
    let others = [
      ("sliceLength", "joist_slice_seconds", "Time of a slice."),
      ("messageLatency", "joist_message_latency_seconds", "Time from send to receive."),
      ("switchTime", "joist_switch_seconds", "Time of a switch between processes."),
      ("creationTime", "joist_creation_seconds", "Time to create a process."),
      ("mailboxLength", "joist_mailbox_length", "Messages in a mailbox at a receive."),
    ]
    for (key, name, help) in others {
      guard let histogram = histograms[key] else { continue }
      let isTime = histogram.unit == "nanoseconds"
      text.histogram(
        name,
        help,
        bounds: isTime ? Self.secondsBounds : Self.messageBounds,
        scale: isTime ? 1e-9 : 1,
        [([], histogram)]
      )
    }
  }

  func writeOtherCounters(to text: inout PrometheusWriter) {
    for (key, value) in counters.sorted(by: { $0.key < $1.key })
    where !Self.counted.contains(key) && !key.contains(".") && !schedulerCounters.contains(key) {
      let name = "joist_" + Self.snakeCase(key)
      if Self.gauges.contains(key) {
        text.metric(name, .gauge, "Value of \(key).", [([], Double(value))])
      } else {
        text.metric(name, .counter, "Counter \(key).", [([], Double(value))])
      }
    }
  }

  /// Counters that the metrics of the schedulers sum up to.
  private var schedulerCounters: Set<String> { schedulers.isEmpty ? [] : ["slices", "steals"] }

  private func plain(_ key: String) -> [(labels: [PrometheusWriter.Label], value: Double)] {
    counters[key].map { [([], Double($0))] } ?? []
  }

  /// Returns the counters named `prefix.VALUE` as samples with the label's value VALUE.
  private func labelled(_ prefix: String, _ label: String) -> [(labels: [PrometheusWriter.Label], value: Double)] {
    counters.filter { $0.key.hasPrefix(prefix + ".") }.sorted { $0.key < $1.key }.prefix(Self.maxLabelValues).map {
      ([(label, String($0.key.dropFirst(prefix.count + 1)))], Double($0.value))
    }
  }

  /// The exits by reason: each ended process counts once.
  private var exits: [(labels: [PrometheusWriter.Label], value: Double)] {
    guard let ended = counters["processesEnded"], let abnormal = counters["abnormalExits"] else { return [] }
    let linked = counters["linkedExits"] ?? 0
    let crashed = (counters["trapsContained"] ?? 0) + (counters["overflowsContained"] ?? 0)
    // The counters are read one after the other, so that a difference may be below zero for a moment.
    return [
      ("crash", crashed), ("error", max(0, abnormal - linked - crashed)), ("linked", linked),
      ("normal", max(0, ended - abnormal)),
    ].map { ([("reason", $0)], Double($1)) }
  }

  /// Returns a name such as `framesSaved` as `frames_saved`, without characters that a metric's name must not have.
  private static func snakeCase(_ name: String) -> String {
    var result = ""
    for character in name.unicodeScalars {
      switch character {
      case "A"..."Z": result += "_" + character.properties.lowercaseMapping
      case "a"..."z", "0"..."9": result.unicodeScalars.append(character)
      default: result += "_"
      }
    }
    return result
  }
}
