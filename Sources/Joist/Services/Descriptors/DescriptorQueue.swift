// SPDX-License-Identifier: Apache-2.0
//
// Those who wait for one descriptor in one direction, first come, first served.
// DQ1. An event wakes one of them. The descriptor stays ready until that one has read, so the system is not asked
//      for the others meanwhile: it would say the same again. That is a pause.
// DQ2. It ends when the one that was woken waits again, or says that it will make no use of it; a millisecond after
//      it has gone on, for by then it has read, or leaves the rest to others; and after a tenth of a second in any
//      case, for it may have been suspended, or have crashed.
// DQ3. A descriptor that is ready again right after a pause that ended with its time has more than the woken ones take:
//      twice as many are woken then. So what comes all at once is served in a few milliseconds, also by processes that
//      take one thing each and do not come back.

/// Waiters in one direction, for whoever has the poller's lock.
struct DescriptorQueue {
  private(set) var tickets: [WaitTicket] = []
  /// How many were woken and have not gone on yet.
  private var told = 0
  /// When they were woken; nil when there is no pause.
  private var pausedAt: Int64?
  /// When the last of them went on.
  private var wentOnAt: Int64 = 0
  /// How many an event wakes (DQ3), and when a pause last ended with its time.
  private var batch = 1
  private var endedAt: Int64?

  /// How long whoever has gone on has for a read.
  private static var useTime: Int64 { 1_000_000 }
  /// How long one who does not go on holds up the others.
  private static var patience: Int64 { 100_000_000 }

  var isEmpty: Bool { tickets.isEmpty }
  var count: Int { tickets.count }
  var isPaused: Bool { pausedAt != nil }
  /// Whether the system is to tell of an event.
  var isAskedFor: Bool { !tickets.isEmpty && pausedAt == nil }

  /// One more at the end; whoever comes when all that were woken have gone on has made use of it (DQ2).
  mutating func add(_ ticket: WaitTicket) {
    tickets.append(ticket)
    if told == 0 { endPauseEarly() }
  }

  /// Takes one out that has given up.
  mutating func remove(_ ticket: WaitTicket) {
    tickets.removeAll { $0 == ticket }
    if tickets.isEmpty { self = DescriptorQueue() }
  }

  /// Takes those out whom an event is for; a pause begins if there are more (DQ1).
  mutating func take(at now: Int64) -> [WaitTicket] {
    if tickets.isEmpty || isPaused { return [] }
    batch = endedAt.map { now - $0 < DescriptorQueue.useTime } == true ? batch * 2 : 1
    let taken = Array(tickets.prefix(batch))
    if taken.count == tickets.count {
      self = DescriptorQueue()
      return taken
    }
    tickets.removeFirst(taken.count)
    told = taken.count
    pausedAt = now
    return taken
  }

  /// One that was woken has gone on.
  mutating func hasGoneOn(at now: Int64, makesUse: Bool) {
    guard isPaused else { return }
    told = max(0, told - 1)
    wentOnAt = now
    if !makesUse { endPauseEarly() }
  }

  /// Ends a pause whose time is over (DQ2).
  mutating func endPause(at now: Int64) {
    guard let pausedAt else { return }
    guard told == 0 && now - wentOnAt >= DescriptorQueue.useTime || now - pausedAt >= DescriptorQueue.patience else {
      return
    }
    endPauseEarly()
    endedAt = now
  }

  private mutating func endPauseEarly() {
    pausedAt = nil
    told = 0
    endedAt = nil
  }
}
