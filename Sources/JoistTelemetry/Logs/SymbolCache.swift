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
    /// The time that is spent on lookups in a minute: a tenth of a processor.
    ///
    /// In a large program with debug information one lookup takes a second.
    private static let secondsPerMinute = Duration.seconds(6)

    /// The function by which Swift's runtime runs a job of a task: what called it says nothing about the crash.
    private static let jobBegins = "swift::runJobInEstablishedExecutorContext"

    private let budget: Duration
    private var lines: [[UInt]: [String]] = [:]
    private var minuteBegan: ContinuousClock.Instant?
    private var spent = Duration.zero

    /// Makes a cache that spends at most `budget` in a minute, or a little more for the last lookup.
    init(budget: Duration = SymbolCache.secondsPerMinute) { self.budget = budget }

    /// Returns the lines of a crash, or its addresses if the time of this minute is used up.
    mutating func lines(of trap: Trap) -> [String] {
      lines(of: trap.backtrace) { trap.symbolicated() }
    }

    /// Returns the lines of return addresses, or the addresses if the time of this minute is used up.
    mutating func lines(of backtrace: [UInt]) -> [String] {
      lines(of: backtrace) { Trap.symbolicate(backtrace) }
    }

    private mutating func lines(of backtrace: [UInt], lookUp: () -> [String]) -> [String] {
      if let known = lines[backtrace] { return known }
      let start = ContinuousClock.now
      guard mayLookUp(at: start) else { return backtrace.map { "0x" + String($0, radix: 16) } }
      let found = lookUp().prefix { !$0.hasPrefix(SymbolCache.jobBegins) }.map { $0.cleaned(limit: TextLimit.line) }
      spent += ContinuousClock.now - start
      if lines.count >= SymbolCache.limit { lines.removeAll() }
      lines[backtrace] = found
      return found
    }

    /// Returns whether this minute has time left for a lookup.
    private mutating func mayLookUp(at now: ContinuousClock.Instant) -> Bool {
      if minuteBegan.map({ now - $0 >= .seconds(60) }) ?? true {
        minuteBegan = now
        spent = .zero
      }
      return spent < budget
    }
  }
#endif
