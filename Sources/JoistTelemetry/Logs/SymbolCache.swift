// SPDX-License-Identifier: Apache-2.0
//
// Names for the addresses of backtraces. Finding them takes milliseconds and memory that stays allocated, and a
// process that is restarted again and again crashes with the same backtrace each time: so each one is looked up once,
// and only a part of the time is spent on that.

#if Telemetry
  import Joist

  /// The lines of the backtraces that were looked up lately.
  struct SymbolCache {
    /// The number of backtraces that are kept: at most 64 frames each, so about a megabyte of text.
    private static let limit = 64
    /// The time that lookups may use at once.
    ///
    /// It comes back at a tenth of a processor. In a large program with debug information one lookup takes a second.
    private static let credit = Duration.seconds(1)
    private static let creditRatio = 10

    /// The function by which Swift's runtime runs a job of a task: what called it says nothing about the crash.
    private static let jobBegins = "swift::runJobInEstablishedExecutorContext"

    private let maxCredit: Duration
    private var credit: Duration
    private var creditTime = ContinuousClock.now
    private var lines: [[UInt]: [String]] = [:]

    /// Makes a cache whose lookups use at most `credit` at once, or a little more for the last of them.
    init(credit: Duration = SymbolCache.credit) {
      maxCredit = credit
      self.credit = credit
    }

    /// Returns the lines of a crash, or its addresses if lookups have used up their time.
    mutating func lines(of trap: Trap) -> [String] {
      lines(of: trap.backtrace) { trap.symbolicated() }
    }

    /// Returns the lines of return addresses, or the addresses if lookups have used up their time.
    mutating func lines(of backtrace: [UInt]) -> [String] {
      lines(of: backtrace) { Trap.symbolicate(backtrace) }
    }

    private mutating func lines(of backtrace: [UInt], lookUp: () -> [String]) -> [String] {
      if let known = lines[backtrace] { return known }
      let start = ContinuousClock.now
      credit = min(maxCredit, credit + (start - creditTime) / SymbolCache.creditRatio)
      creditTime = start
      guard credit > .zero else { return backtrace.map { "0x" + String($0, radix: 16) } }
      let found = lookUp().prefix { !$0.hasPrefix(SymbolCache.jobBegins) }.map { $0.cleaned(limit: TextLimit.line) }
      credit -= ContinuousClock.now - start
      if lines.count >= SymbolCache.limit { lines.removeAll() }
      lines[backtrace] = found
      return found
    }
  }
#endif
