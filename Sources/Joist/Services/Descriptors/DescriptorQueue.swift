// SPDX-License-Identifier: Apache-2.0
//
// The waiters for one descriptor in one direction, first come, first served.
// DQ1. An event wakes one waiter. The descriptor stays ready until that process has read, so the system is not asked on
//      behalf of the others meanwhile: it would report the same event again. This state is a pause.
// DQ3. If a descriptor is ready again right after a pause that ended by its timeout, it has more than the woken waiters
//      take, so twice as many are woken next. So a burst is served within a few milliseconds, also by processes that
//      take one item each and do not return.
//
// A pause ends when the woken process waits again, or says that it will not use the descriptor. It also ends one
// millisecond after the process has continued, because by then it has read, or leaves the rest to others. In any case
// it ends after a tenth of a second, because the process may have been suspended, or have crashed.

/// The waiters in one direction; the poller's lock guards them.
struct DescriptorQueue {
  private(set) var tickets: [WaitTicket] = []
  /// The number of waiters that were woken and have not continued yet.
  private var told = 0
  /// The time when they were woken; nil if there is no pause.
  private var pausedAt: Int64?
  /// The time when the last of them continued.
  private var wentOnAt: Int64 = 0
  /// The number of waiters that an event wakes (DQ3), and the time when a pause last ended by its timeout.
  private var batch = 1
  private var endedAt: Int64?

  /// The time that a process has for a read after it has continued.
  private static var useTime: Int64 { 1_000_000 }
  /// The maximum time that a process that does not continue holds up the others.
  private static var patience: Int64 { 100_000_000 }

  var isEmpty: Bool { tickets.isEmpty }
  var count: Int { tickets.count }
  var isPaused: Bool { pausedAt != nil }
  /// Whether the system is asked to report an event.
  var isAskedFor: Bool { !tickets.isEmpty && pausedAt == nil }

  /// Appends a waiter; if all woken waiters have continued, it is one that has used the descriptor, and the pause ends.
  mutating func add(_ ticket: WaitTicket) {
    tickets.append(ticket)
    if told == 0 { endPauseEarly() }
  }

  /// Removes a waiter that has given up.
  mutating func remove(_ ticket: WaitTicket) {
    tickets.removeAll { $0 == ticket }
    if tickets.isEmpty { self = DescriptorQueue() }
  }

  /// Takes out the waiters that an event wakes; begins a pause if more remain (DQ1).
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

  /// Notes that a woken waiter has continued.
  mutating func hasGoneOn(at now: Int64, makesUse: Bool) {
    guard isPaused else { return }
    told = max(0, told - 1)
    wentOnAt = now
    if !makesUse { endPauseEarly() }
  }

  /// Ends a pause whose time is over.
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
