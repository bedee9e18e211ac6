// SPDX-License-Identifier: Apache-2.0
//
// Writes the reports of a runtime to a log. A log may write to a file or a socket and wait, so the lines go through a
// dispatch queue: no scheduler ever waits for a log. The queue is bounded. Dead letters come in floods, so after the
// first one those of a second share a line.

#if Telemetry
  import Dispatch
  public import Joist
  public import Logging
  import Synchronization

  extension ProcessRuntime {
    /// Writes the reports of this runtime to a log, in place of the present handler of reports.
    ///
    /// | event | level |
    /// | --- | --- |
    /// | deadlock, crashes that are no longer contained | critical |
    /// | abnormal exit, short of memory, schedulers used up, resource missing | error |
    /// | dead letter, stuck for now, `blocking` threads used up, alarm | warning |
    /// | exit by a link, end of an alarm | notice |
    ///
    /// A line has the report's words, and metadata: `joist.event`, the process with its names as in
    /// ``Logging/Logger/MetadataProvider/joistProcess``, `joist.reason`, and `joist.suppressed` if events before it are
    /// in no line. A crash has its backtrace with functions and lines in `joist.backtrace`, and so has each process of
    /// a deadlock; they are addresses while too many crash. Dead letters that follow another one within a second are
    /// counted in one line with their rate. Control characters are escaped, and long texts are cut.
    ///
    /// The lines are written on a thread of Dispatch, where the log may wait. While it does, up to a thousand lines
    /// wait, and further ones are counted. `handleReports(nil)` ends this. Returns at once.
    ///
    /// - Parameters:
    ///   - logger: The log.
    ///   - perSecond: The maximum number of reports per second; further ones are only counted.
    /// - Returns: The log of reports, whose `flush` waits for the lines before the program ends.
    @discardableResult
    public func handleReports(to logger: Logger, perSecond: Int = 100) -> ReportLog {
      let log = ReportLog(logger)
      handleReports(perSecond: perSecond) { log.add(ReportLine($0)) }
      return log
    }
  }

  /// The log to which a runtime writes its reports.
  public final class ReportLog: Sendable {
    /// The number of lines that wait at most; the runtime itself keeps as many reports for a slow handler.
    private static let maxWaiting = 1_000
    /// The time in which dead letters share a line.
    private static let deadLetterSeconds = 1

    /// What only the queue touches.
    private struct State {
      var symbols = SymbolCache()
      /// The dead letters that were counted since the last line of one; nil if none was written lately.
      var deadLetters: (count: Int, suppressed: Int)?
    }

    private let logger: Logger
    private let queue = DispatchQueue(label: "joist.reports", qos: .utility)
    private let state = Mutex(State())
    // Ordering: relaxed, both, because they only bound and count.
    private let waiting = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)

    package init(_ logger: Logger) { self.logger = logger }

    /// Blocks the calling thread until the lines that were handed over so far are written.
    ///
    /// Reports that the runtime has not passed on yet are not waited for. In a process, call it in `blocking`.
    @available(*, noasync, message: "it blocks the thread")
    public func flush() { queue.sync {} }

    /// Hands a line over to the queue; never waits.
    ///
    /// It goes to the log itself, or to another one, with its metadata.
    package func add(_ line: ReportLine, to other: Logger? = nil) {
      guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= ReportLog.maxWaiting else {
        waiting.wrappingSubtract(1, ordering: .relaxed)
        dropped.wrappingAdd(1 + line.suppressed, ordering: .relaxed)
        return
      }
      var line = line
      line.suppressed += dropped.exchange(0, ordering: .relaxed)
      queue.async { [line] in
        self.waiting.wrappingSubtract(1, ordering: .relaxed)
        self.write(line, to: other ?? self.logger)
      }
    }

    private func write(_ line: ReportLine, to logger: Logger) {
      if logger.logLevel > line.level { return }
      if line.isDeadLetter, joinsOthers(line) { return }
      var metadata = line.metadata
      if line.suppressed > 0 { metadata[MetadataKey.suppressed] = "\(line.suppressed)" }
      metadata[MetadataKey.backtrace] = backtrace(line.addresses)
      logger.log(level: line.level, "\(line.text)", metadata: metadata)
    }

    private func backtrace(_ addresses: ReportLine.Addresses) -> Logger.MetadataValue? {
      switch addresses {
      case .none: return nil
      case .crash(let trap):
        let lines = state.withLock { $0.symbols.lines(of: trap) }
        return .array(lines.map { .string($0) })
      case .stacks(let stacks):
        return .array(
          stacks.map { process, backtrace in
            let lines = state.withLock { $0.symbols.lines(of: backtrace) }
            return ["\(process)": .array(lines.map { .string($0) })]
          }
        )
      }
    }

    /// Returns whether a dead letter is only counted; the first one of a second is not, and starts the second.
    private func joinsOthers(_ line: ReportLine) -> Bool {
      let joins = state.withLock { state in
        guard let others = state.deadLetters else {
          state.deadLetters = (0, 0)
          return false
        }
        state.deadLetters = (others.count + 1, others.suppressed + line.suppressed)
        return true
      }
      if !joins { endSecondLater() }
      return joins
    }

    private func endSecondLater() {
      queue.asyncAfter(deadline: .now() + .seconds(ReportLog.deadLetterSeconds)) {
        guard let others = self.state.withLock({ $0.deadLetters.take() }), others.count > 0 else { return }
        let rate = others.count / ReportLog.deadLetterSeconds
        var metadata: Logger.Metadata = [MetadataKey.event: "dead_letters", MetadataKey.rate: "\(rate)"]
        if others.suppressed > 0 { metadata[MetadataKey.suppressed] = "\(others.suppressed)" }
        let words: Logger.Message = "\(others.count) more messages were dropped, \(rate) a second"
        self.logger.warning(words, metadata: metadata)
      }
    }
  }
#endif
