// SPDX-License-Identifier: Apache-2.0
//
// The figures of the made-up program at a time.

#if Dashboard
  import JoistObservation

  extension MadeUpProgram {
    private static let names = [
      "orders", "connections", "storage", "", "ledger", "stock", "prices", "clock", "socket 1", "socket 2",
    ]

    func id(_ index: Int) -> String { "#\(index + 1).\(index % 3 + 1)" }

    func name(_ index: Int) -> String? {
      if index == 3 { return oddName }
      return index < Self.names.count ? Self.names[index] : index % 4 == 0 ? nil : "worker \(index)"
    }

    func stack(_ index: Int) -> [StackFrame] {
      [
        StackFrame(address: 0x40_1200, function: "ProcessContext.receive()", file: "Receive.swift", line: 41),
        StackFrame(address: 0x40_2200, function: "Orders.Worker.serve(_: Order)", file: "Worker.swift", line: 118),
        StackFrame(address: 0x40_3200 + UInt(index)),
      ]
    }

    func process(_ index: Int, at seconds: Double) -> ProcessDescription {
      let weight = Self.noise(index, 1) * Self.noise(index, 2)
      let step = Int(seconds)
      let isStuck = (4...6).contains(index)
      let state = isStuck ? "waiting" : Self.noise(index, step) < weight ? "running" : "waiting"
      let slices = isStuck ? 20 : Int(seconds * weight * 9_000)
      return ProcessDescription(
        id: id(index),
        name: name(index),
        state: state,
        priority: index % 7 == 0 ? "high" : "normal",
        waitReason: state == "running" ? nil : isStuck ? "call" : "receive",
        waitingNanoseconds: state == "running"
          ? nil : isStuck ? Int64((seconds - 40) * 1e9) : Int64(Self.noise(index, step) * 4e8),
        cpuNanoseconds: isStuck ? 1_200_000 : Int64(seconds * weight * 6e8),
        queuedNanoseconds: Int64(seconds * weight * 3e7),
        slices: slices,
        messagesIn: slices * 2,
        messagesOut: slices * 3 / 2,
        waits: ["receive": slices, "call": slices / 10],
        mailbox: index == 3 ? 800 + Int(seconds * 40) : Int(Self.noise(index, step + 1) * 12),
        longestMailbox: index == 3 ? 800 + Int(seconds * 40) : 31,
        memoryBytes: ["record": 192, "stack": 16_384, "heap": Int(weight * 3e6), "mailbox": 640, "other": 0],
        parent: index == 0 ? nil : id(0),
        function: state == "running" ? "Orders.Worker.price(_: Order)" : "Orders.Worker.serve(_: Order)"
      )
    }

    func value(_ figure: ProcessFigure, _ process: ProcessDescription) -> Int64 {
      switch figure {
      case .cpu: process.cpuNanoseconds
      case .slices: Int64(process.slices)
      case .messagesIn: Int64(process.messagesIn)
      case .messagesOut: Int64(process.messagesOut)
      case .mailbox: Int64(process.mailbox)
      case .memory: Int64(process.totalMemoryBytes)
      case .queued: process.queuedNanoseconds
      case .waiting: process.waitingNanoseconds ?? 0
      }
    }

    /// Returns the sum of something that differs from second to second.
    private func grown(_ seconds: Double, _ salt: Int, _ rate: (_ noise: Double) -> Double) -> Double {
      let whole = Int(seconds)
      let start = whole - 40
      let past = Double(start) * rate(0.5)
      let recent = (start..<whole).reduce(0) { $0 + rate(Self.noise($1, salt)) }
      return past + recent + (seconds - Double(whole)) * rate(Self.noise(whole, salt))
    }

    func runtime(at seconds: Double) -> RuntimeDescription {
      let step = Int(seconds)
      let schedulers = (0..<8).map { scheduler($0, at: seconds) }
      var histograms: [String: HistogramDescription] = [:]
      for (index, level) in ["max", "high", "normal", "low"].enumerated() {
        histograms["runDelay.\(level)"] = delays(index, at: seconds)
      }
      histograms["mailboxLength"] = HistogramDescription(
        unit: "messages",
        count: 12,
        sum: 1_500,
        buckets: [.init(upperBound: 1, count: 10), .init(upperBound: 900, count: 2)]
      )
      return RuntimeDescription(
        nowNanoseconds: Int64(seconds * 1e9),
        processes: ["running": 5, "ready": 3 + step % 4, "waiting": processCount - 8],
        counters: [
          "processesCreated": Int(grown(seconds, 1) { 20 + 30 * $0 }), "processesEnded": Int(seconds * 20),
          "abnormalExits": 9, "linkedExits": 2, "trapsContained": 3, "overflowsContained": 1,
          "traps.SIGILL": 3, "traps.stack_overflow": 1,
          "messagesSent": Int(grown(seconds, 2) { 40_000 + 50_000 * $0 }), "messagesReceived": Int(seconds * 5e4),
          "messagesDropped": 17, "messagesRefused": 4, "repliesDropped": 1, "messagesDestroyed": 0,
          "slotsMade": 24, "parks": Int(seconds * 900), "restarts.storage": 2,
        ],
        memoryBytes: [
          "records": processCount * 192, "stacks": 640_000, "savedFrames": 90_000,
          "heaps": 4_000_000 + Int(2e6 * Self.noise(step / 6, 3)), "messages": 30_000,
        ],
        schedulers: schedulers,
        histograms: histograms
      )
    }

    private func scheduler(_ index: Int, at seconds: Double) -> SchedulerDescription {
      let load = 0.9 - Double(index) * 0.09
      let shares: [(String, Double)] = [
        ("running", 0.8), ("collecting", 0.06), ("timers", 0.02), ("stealing", 0.05), ("overhead", 0.07),
      ]
      var times: [String: Int64] = [:]
      for (position, (state, share)) in shares.enumerated() {
        times[state] = Int64(grown(seconds, index * 10 + position) { 1e9 * load * share * (0.5 + $0) })
      }
      times["spinning"] = Int64(seconds * 3e7)
      times["sleeping"] = max(0, Int64(seconds * 1e9) - times.values.reduce(0, +))
      let step = Int(seconds)
      let isRunning = Self.noise(step, index) < load + 0.1
      return SchedulerDescription(
        index: index,
        isSpare: index == 7,
        isStuck: index == 2 && step % 30 > 20,
        running: isRunning ? id(Int(Self.noise(step, index + 50) * 16)) : nil,
        queueLengths: [0, Int(Self.noise(step, index) * 2), Int(Self.noise(step, index + 9) * 9 * load), 1],
        slices: Int(grown(seconds, index) { 4_000 * load * (0.5 + $0) }),
        migrationsIn: step * 3,
        migrationsOut: step * 2,
        stealAttempts: step * 9,
        steals: step * 3,
        timeNanoseconds: times
      )
    }

    private func delays(_ level: Int, at seconds: Double) -> HistogramDescription {
      let buckets = (9..<27).map { power in
        let distance = Double(power) - 12 - Double(level)
        return HistogramDescription.Bucket(
          upperBound: Int64(1) << Int64(power),
          count: Int(
            grown(seconds, level * 40 + power) { 900 * (0.1 + $0) / (1 + distance * distance * distance * distance) }
          )
        )
      }.filter { $0.count > 0 }
      return HistogramDescription(
        unit: "nanoseconds",
        count: buckets.reduce(0) { $0 + $1.count },
        sum: buckets.reduce(0) { $0 + Int64($1.count) * $1.upperBound * 3 / 4 },
        buckets: buckets
      )
    }
  }
#endif
