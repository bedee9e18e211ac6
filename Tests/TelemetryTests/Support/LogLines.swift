// SPDX-License-Identifier: Apache-2.0
//
// A log in memory, which can be made to wait as one that writes to a full pipe does.

#if Telemetry
  import Dispatch
  import Joist
  import Logging
  import Synchronization

  /// The lines that were written to a log.
  final class LogLines: Sendable {
    struct Line: Sendable {
      let level: Logger.Level
      let text: String
      let metadata: Logger.Metadata
      /// Whether a scheduler's thread wrote the line.
      let isOnScheduler: Bool

      /// The metadata's value of a key as text.
      func value(_ key: String) -> String? { metadata[key].map { "\($0)" } }
      /// The lines of the backtrace.
      var backtrace: [String] {
        guard case .array(let frames) = metadata["joist.backtrace"] else { return [] }
        return frames.map { "\($0)" }
      }
    }

    private let lines = Mutex<[Line]>([])
    /// Held by a test while the log waits.
    private let gate = Mutex<DispatchSemaphore?>(nil)
    private let held = Atomic<Int>(0)

    var all: [Line] { lines.withLock { $0 } }

    /// The number of lines that wait at the gate.
    var waiting: Int { held.load(ordering: .relaxed) }

    /// Returns the lines of one event, such as `dead_letter`.
    func of(_ event: String) -> [Line] { all.filter { $0.value("joist.event") == event } }

    /// Makes every line wait until the semaphore is signalled.
    func wait(at semaphore: DispatchSemaphore?) { gate.withLock { $0 = semaphore } }

    /// A logger that writes here.
    func logger(_ provider: Logger.MetadataProvider? = nil) -> Logger {
      var logger = Logger(label: "test") { _ in Handler(lines: self, metadataProvider: provider) }
      logger.logLevel = .trace
      return logger
    }

    fileprivate func add(_ line: Line) {
      if let semaphore = gate.withLock({ $0 }) {
        held.wrappingAdd(1, ordering: .relaxed)
        semaphore.wait()
        held.wrappingSubtract(1, ordering: .relaxed)
      }
      lines.withLock { $0.append(line) }
    }
  }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.trace

    init(lines: LogLines, metadataProvider: Logger.MetadataProvider?) {
      self.lines = lines
      self.metadataProvider = metadataProvider
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      var all = metadata
      all.merge(metadataProvider?.get() ?? [:]) { _, later in later }
      all.merge(event.metadata ?? [:]) { _, later in later }
      lines.add(
        .init(level: event.level, text: "\(event.message)", metadata: all, isOnScheduler: CurrentProcess.isHere)
      )
    }
  }
#endif
