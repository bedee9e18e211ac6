// SPDX-License-Identifier: Apache-2.0
//
// A metrics backend in memory. A series is named as Prometheus shows it, with its dimensions in order.

#if Telemetry
  import CoreMetrics
  import Dispatch
  import Synchronization

  /// The series that were made, and their values.
  final class MetricsTable: MetricsFactory {
    struct Contents {
      /// What was added to each counter, one entry an increment.
      var added: [String: [Double]] = [:]
      var gauges: [String: Double] = [:]
      var recorded: [String: [Double]] = [:]
    }

    private let contents = Mutex(Contents())
    /// The semaphore that every change waits for, as in a backend that does not answer.
    private let gate: DispatchSemaphore?

    init(gate: DispatchSemaphore? = nil) { self.gate = gate }

    var now: Contents { contents.withLock { $0 } }

    /// The sum of a counter; zero if nothing was added.
    func total(_ series: String) -> Double { now.added[series, default: []].reduce(0, +) }

    /// The names of all series.
    var series: Set<String> {
      let now = now
      return Set(now.added.keys).union(now.gauges.keys).union(now.recorded.keys)
    }

    fileprivate func change(_ body: (inout Contents) -> Void) {
      gate?.wait()
      gate?.signal()
      contents.withLock { body(&$0) }
    }

    private func name(_ label: String, _ dimensions: [(String, String)]) -> String {
      if dimensions.isEmpty { return label }
      return label + "{" + dimensions.map { "\($0)=\($1)" }.joined(separator: ",") + "}"
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
      let name = name(label, dimensions)
      change { $0.added[name] = $0.added[name] ?? [] }
      return Series(self, name)
    }

    func makeFloatingPointCounter(
      label: String,
      dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
      let name = name(label, dimensions)
      change { $0.added[name] = $0.added[name] ?? [] }
      return Series(self, name)
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
      let name = name(label, dimensions)
      change { $0.gauges[name] = $0.gauges[name] ?? 0 }
      return Series(self, name)
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
      let name = name(label, dimensions)
      change { $0.recorded[name] = $0.recorded[name] ?? [] }
      return Series(self, name)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
      preconditionFailure("No timer is expected.")
    }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
  }

  /// One series of any kind.
  private final class Series: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler {
    let table: MetricsTable
    let name: String

    init(_ table: MetricsTable, _ name: String) {
      self.table = table
      self.name = name
    }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { table.change { $0.added[name, default: []].append(amount) } }
    func decrement(by amount: Double) { increment(by: -amount) }
    func reset() { increment(by: -.infinity) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { table.change { $0.gauges[name] = value } }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { table.change { $0.recorded[name, default: []].append(value) } }
  }
#endif
