// SPDX-License-Identifier: Apache-2.0
//
// The runtime's figures as text for Prometheus, so that any HTTP server of the program can answer a scrape. No metric
// has a label for each process: the number of series depends on schedulers and settings alone.

extension RuntimeDescription {
  /// A text format that Prometheus reads.
  public enum MetricsFormat: Sendable, Hashable, CaseIterable {
    /// Version 0.0.4 of the Prometheus text format.
    case prometheus
    /// Version 1.0.0 of OpenMetrics.
    case openMetrics

    /// The value of the header `Content-Type` for it.
    public var contentType: String {
      switch self {
      case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
      case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
      }
    }
  }

  /// Returns the figures as text for Prometheus; durations are in seconds, sizes in bytes.
  ///
  /// A counter whose name in `counters` has no metric of its own becomes `joist_NAME_total`. Does not block.
  ///
  /// - Parameter format: The format, the text format 0.0.4 by default.
  /// - Returns: The text; the last line ends with a newline.
  public func prometheusText(_ format: MetricsFormat = .prometheus) -> String {
    var text = PrometheusWriter(format: format)
    writeProcesses(to: &text)
    writeMessages(to: &text)
    writeSchedulers(to: &text)
    writeHistograms(to: &text)
    writeOtherCounters(to: &text)
    return text.finished()
  }
}
