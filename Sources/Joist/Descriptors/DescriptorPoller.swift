// SPDX-License-Identifier: Apache-2.0
//
// The one thread of a runtime that waits for descriptors, for all processes that do.
// DP1. Under the lock the table says who waits for which descriptor and what for, and what the system was asked for is
//      what the table says. An event ends what was asked for, so whoever is left in the table is asked for again.
// DP2. Tickets are answered after the lock is let go. Who gives up takes its ticket out of the table; an event that has
//      just taken it out finds nobody (WC3).

import CJoist
import Synchronization

/// Waits for descriptors.
final class DescriptorPoller: Sendable {
  private let state = Mutex(State())

  private struct State {
    var poll = joist_poll(queue: -1, bell: -1)
    /// By descriptor.
    var waits: [Int32: Waits] = [:]
    var isClosed = false
  }

  /// Who waits for one descriptor.
  private struct Waits {
    var readers: [WaitTicket] = []
    var writers: [WaitTicket] = []
  }

  /// What a descriptor is waited for.
  enum Direction {
    case reading, writing
  }

  /// Has a ticket answered when the descriptor is ready; an error number, or zero.
  ///
  /// `startThread` is called at the first use.
  func add(
    _ descriptor: Int32,
    _ direction: Direction,
    _ ticket: WaitTicket,
    startThread: () -> Bool
  ) -> Int32 {
    state.withLock { state in
      guard !state.isClosed, open(&state, startThread) else { return DescriptorError.noPoller }
      var waits = state.waits[descriptor] ?? Waits()
      if direction == .reading { waits.readers.append(ticket) } else { waits.writers.append(ticket) }
      let error = ask(state.poll, descriptor, waits)
      if error == 0 { state.waits[descriptor] = waits }
      return error
    }
  }

  /// Takes a ticket out.
  func remove(_ descriptor: Int32, _ ticket: WaitTicket) {
    state.withLock { state in
      guard var waits = state.waits[descriptor] else { return }
      waits.readers.removeAll { $0 == ticket }
      waits.writers.removeAll { $0 == ticket }
      update(&state, descriptor, waits)
    }
  }

  /// How many tickets are in the table: for tests.
  // Order: it is a sum.
  var waiting: Int { state.withLock { $0.waits.values.reduce(0) { $0 + $1.readers.count + $1.writers.count } } }

  /// Ends the thread.
  // Sound: the poll is open.
  func close() {
    state.withLock { state in
      state.isClosed = true
      if state.poll.queue >= 0 { unsafe joist_poll_ring(&state.poll) }
    }
  }

  // Sound: the room is ours, and the count says how much of it was filled; the poll is closed by this thread alone.
  /// The thread's life.
  func serve() {
    var poll = state.withLock { $0.poll }
    var ready = [joist_ready](repeating: joist_ready(), count: 64)
    while !state.withLock({ $0.isClosed }) {
      let count = unsafe joist_poll_wait(&poll, &ready, Int32(ready.count))
      for event in ready.prefix(Int(count)) where event.descriptor >= 0 {
        for ticket in take(event) { _ = ticket.answer(.granted, from: nil) }
      }
    }
    state.withLock { unsafe joist_poll_close(&$0.poll) }
  }

  /// Whom an event is for, for the caller to answer (DP2).
  private func take(_ event: joist_ready) -> [WaitTicket] {
    state.withLock { state in
      guard var waits = state.waits[event.descriptor] else { return [] }
      var taken: [WaitTicket] = []
      if event.reads { swap(&taken, &waits.readers) }
      if event.writes {
        taken += waits.writers
        waits.writers = []
      }
      update(&state, event.descriptor, waits)
      return taken
    }
  }

  /// The table and what the system is asked for (DP1).
  private func update(_ state: inout State, _ descriptor: Int32, _ waits: Waits) {
    state.waits[descriptor] = waits.readers.isEmpty && waits.writers.isEmpty ? nil : waits
    _ = ask(state.poll, descriptor, waits)
  }

  // Sound: the poll is passed on as it is. Likewise below.
  private func ask(_ poll: joist_poll, _ descriptor: Int32, _ waits: Waits) -> Int32 {
    if poll.queue < 0 { return 0 }
    return unsafe withUnsafePointer(to: poll) {
      unsafe joist_poll_set($0, descriptor, !waits.readers.isEmpty, !waits.writers.isEmpty)
    }
  }

  private func open(_ state: inout State, _ startThread: () -> Bool) -> Bool {
    if state.poll.queue >= 0 { return true }
    guard unsafe joist_poll_open(&state.poll) else { return false }
    if startThread() { return true }
    unsafe joist_poll_close(&state.poll)
    return false
  }
}
