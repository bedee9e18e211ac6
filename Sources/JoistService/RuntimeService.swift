// SPDX-License-Identifier: Apache-2.0
//
// A runtime as a service of a group: it ends with the group, after the services that use it.

#if Service
  public import Joist
  import JoistTelemetry
  public import Logging
  public import ServiceLifecycle

  /// A service that ends a runtime in an orderly way when its group shuts down.
  ///
  /// A group ends its services in reverse order, so put the runtime before those that use it:
  ///
  /// ```
  /// let services: [any Service] = [RuntimeService(runtime), SupervisionService(tree, on: runtime), app]
  /// try await ServiceGroup(services: services, gracefulShutdownSignals: [.sigterm], logger: logger).run()
  /// ```
  ///
  /// Meanwhile the runtime's reports go to the log, and its figures to the metrics backend of the program.
  public struct RuntimeService: Service {
    private let runtime: ProcessRuntime
    private let gracePeriod: Duration
    private let logger: Logger
    private let recordsMetrics: Bool

    /// Makes a service of a runtime.
    ///
    /// - Parameters:
    ///   - runtime: The runtime.
    ///   - gracePeriod: How long the processes have to exit before they are killed.
    ///   - logger: The log for the runtime's reports.
    ///   - recordsMetrics: Whether the runtime's figures go to the metrics backend of the program.
    public init(
      _ runtime: ProcessRuntime,
      gracePeriod: Duration = .seconds(5),
      logger: Logger = Logger(label: "joist"),
      recordsMetrics: Bool = true
    ) {
      self.runtime = runtime
      self.gracePeriod = gracePeriod
      self.logger = logger
      self.recordsMetrics = recordsMetrics
    }

    /// Waits until the group shuts down, or the task is cancelled, and then shuts the runtime down.
    ///
    /// - Throws: ``ProcessesLeftBehind`` if processes did not end; `ResourceError` if there is no thread for metrics.
    public func run() async throws {
      let log = runtime.handleReports(to: logger)
      let metrics = recordsMetrics ? try RuntimeMetrics(of: runtime) : nil
      try? await gracefulShutdown()
      let left = await runtime.shutdown(deadline: gracePeriod)
      end(log, metrics)
      if !left.isEmpty { throw ProcessesLeftBehind(processes: left) }
    }

    private func end(_ log: ReportLog, _ metrics: RuntimeMetrics?) {
      metrics?.stop()
      log.flush()
    }
  }

  /// Processes did not end when their runtime was shut down.
  public struct ProcessesLeftBehind: Error, CustomStringConvertible {
    /// The processes.
    public let processes: [ProcessID]

    /// The processes in one sentence.
    public var description: String {
      "\(processes.count) processes did not end in time, such as \(processes.first.map { "\($0)" } ?? "none")"
    }
  }
#endif
