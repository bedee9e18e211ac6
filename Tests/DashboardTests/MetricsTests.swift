// SPDX-License-Identifier: Apache-2.0
//
// The figures as text for Prometheus.

#if Dashboard
  import Foundation
  import JoistDashboard
  @testable import JoistObservation
  import Testing

  @Suite struct MetricsTests {
    private typealias Format = RuntimeDescription.MetricsFormat

    private func description(_ change: (inout RuntimeDescription) -> Void = { _ in }) throws -> RuntimeDescription {
      var description = try MadeUpProgram().runtime()
      change(&description)
      return description
    }

    @Test(arguments: RuntimeDescription.MetricsFormat.allCases)
    func `O2: the text keeps the rules of its format`(format: RuntimeDescription.MetricsFormat) throws {
      let isOpen = format == .openMetrics
      let metrics = try PrometheusReader(description().prometheusText(format), isOpen: isOpen)
      #expect(metrics.hasEnd == isOpen)
      let total = isOpen ? "" : "_total"
      for (name, kind) in [
        "joist_processes": "gauge", "joist_spawned\(total)": "counter", "joist_exits\(total)": "counter",
        "joist_traps\(total)": "counter", "joist_messages_sent\(total)": "counter",
        "joist_dead_letters\(total)": "counter", "joist_run_delay_seconds": "histogram",
        "joist_scheduler_seconds\(total)": "counter", "joist_mailbox_longest": "gauge",
        "joist_memory_bytes": "gauge", "joist_restarts\(total)": "counter", "joist_parks\(total)": "counter",
        "joist_slots_made": "gauge",
      ] {
        #expect(metrics.kinds[name] == kind, "\(name)")
      }
    }

    @Test func `O2: samples have the values of the description`() throws {
      let description = try description()
      let metrics = try PrometheusReader(description.prometheusText())
      for (state, number) in description.processes {
        #expect(metrics.value("joist_processes", ["state": state]) == Double(number))
      }
      for (part, bytes) in description.memoryBytes {
        #expect(metrics.value("joist_memory_bytes", ["part": part]) == Double(bytes))
      }
      let exits = metrics.samples.filter { $0.name == "joist_exits_total" }.map(\.value).reduce(0, +)
      #expect(exits == Double(description.counters["processesEnded"] ?? 0))
      #expect(metrics.value("joist_restarts_total", ["supervisor": "storage"]) == 2)
      #expect(metrics.value("joist_mailbox_longest") == 900)
      for scheduler in description.schedulers {
        for (state, time) in scheduler.timeNanoseconds {
          let labels = ["scheduler": "\(scheduler.index)", "state": state]
          #expect(metrics.value("joist_scheduler_seconds_total", labels) == Double(time) / 1e9)
        }
      }
    }

    @Test func `O2: histograms are cumulative in seconds, and their bounds never change`() throws {
      // One delay of 18 minutes is above all bounds.
      let full = try description { description in
        for name in description.histograms.keys where name.hasPrefix("runDelay") {
          description.histograms[name]?.buckets.append(.init(upperBound: 1 << 40, count: 1))
          description.histograms[name]?.count += 1
        }
      }
      let sparse = try description { description in
        for name in description.histograms.keys { description.histograms[name]?.buckets.removeFirst() }
      }
      func bounds(_ description: RuntimeDescription) throws -> [String] {
        try PrometheusReader(description.prometheusText()).samples.filter { $0.name.hasSuffix("_bucket") }
          .map { "\($0.name) \($0.labels.sorted { $0.key < $1.key })" }
      }
      #expect(try bounds(full) == bounds(sparse))
      let metrics = try PrometheusReader(full.prometheusText())
      for level in ["max", "high", "normal", "low"] {
        let histogram = try #require(full.histograms["runDelay.\(level)"])
        let buckets = metrics.samples.filter {
          $0.name == "joist_run_delay_seconds_bucket" && $0.labels["level"] == level
        }
        #expect(zip(buckets, buckets.dropFirst()).allSatisfy { $0.value <= $1.value })
        #expect(buckets.last?.labels["le"] == "+Inf")
        #expect(buckets.last?.value == Double(histogram.count))
        #expect(metrics.value("joist_run_delay_seconds_count", ["level": level]) == Double(histogram.count))
        #expect(metrics.value("joist_run_delay_seconds_sum", ["level": level]) == Double(histogram.sum) * 1e-9)
        for bucket in buckets.dropLast() {
          let bound = try #require(bucket.labels["le"].flatMap(Double.init)) * 1e9
          let below = histogram.buckets.filter { Double($0.upperBound) <= bound * 1.000_001 }.map(\.count).reduce(0, +)
          #expect(bucket.value == Double(below))
        }
      }
    }

    @Test(arguments: RuntimeDescription.MetricsFormat.allCases)
    func `O2: names of the program are escaped`(format: RuntimeDescription.MetricsFormat) throws {
      let name = "a\\b\"c\nd{}, é"
      let text = try description { $0.counters["restarts.\(name)"] = 7 }.prometheusText(format)
      let metrics = try PrometheusReader(text, isOpen: format == .openMetrics)
      #expect(metrics.value("joist_restarts_total", ["supervisor": name]) == 7)
    }

    @Test func `O2: the number of series does not depend on the number of processes`() throws {
      func series(_ processCount: Int) throws -> Int {
        try PrometheusReader(MadeUpProgram(processCount: processCount).runtime().prometheusText()).samples.count
      }
      #expect(try series(10_000) == series(40))
      let text = try description { description in
        for index in 0..<1_000 { description.counters["restarts.supervisor \(index)"] = 1 }
      }.prometheusText()
      let restarts = try PrometheusReader(text).samples.filter { $0.name == "joist_restarts_total" }
      #expect(restarts.count == 100)
    }

    @Test func `O2: a runtime without figures has an empty text`() throws {
      let empty = RuntimeDescription(
        nowNanoseconds: 0,
        processes: [:],
        counters: [:],
        memoryBytes: [:],
        schedulers: [],
        histograms: [:]
      )
      #expect(empty.prometheusText().isEmpty)
      #expect(empty.prometheusText(.openMetrics) == "# EOF\n")
    }

    @Test func `O2: a scrape gets the format that it asks for`() async throws {
      try await withServer(Dashboard(MadeUpProgram(), options: .init(port: 0))) { port in
        let plain = try await ask(port, "/metrics")
        #expect(plain.fields["content-type"] == Format.prometheus.contentType)
        _ = try PrometheusReader(plain.text)
        let accept = "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3"
        let open = try await ask(port, "/metrics", fields: [accept])
        #expect(open.fields["content-type"] == Format.openMetrics.contentType)
        #expect(open.text.hasSuffix("# EOF\n"))
      }
    }

    @Test(.enabled(if: Command.hasPrometheusClient), arguments: RuntimeDescription.MetricsFormat.allCases)
    func `O2: the parser of the Prometheus client reads the text`(format: RuntimeDescription.MetricsFormat) throws {
      let module = format == .openMetrics ? "prometheus_client.openmetrics.parser" : "prometheus_client.parser"
      let program = """
        import sys
        from \(module) import text_string_to_metric_families as read
        families = list(read(sys.stdin.read()))
        print(sum(len(family.samples) for family in families))
        """
      let text = try description().prometheusText(format)
      let output = try Command.run("/usr/bin/env", ["python3", "-c", program], input: text)
      let count = try PrometheusReader(text, isOpen: format == .openMetrics).samples.count
      #expect(output.status == 0, "\(output.text)")
      #expect(output.text.trimmingCharacters(in: .whitespacesAndNewlines) == "\(count)")
    }
  }
#endif
