// SPDX-License-Identifier: Apache-2.0
//
// The one thread of a runtime that waits for descriptors, for all processes that do.
// DP1. Under the lock the table says who waits for which descriptor and what for, and what the system was asked for is
//      what the table says. An event ends what was asked for, so whoever is left in the table is asked for again.
// DP2. Tickets are answered after the lock is let go. Who gives up takes its ticket out of the table; an event that has
//      just taken it out finds nobody (WC3).
// DP3. An event wakes the one who has waited longest, and not a thousand of whom one finds something
//      (DQ1 to DQ3). The others are asked for again when that one has made use of it.

import CJoist
import Synchronization

/// Waits for descriptors.
final class DescriptorPoller: Sendable {
  private let state = Mutex(State())

  private struct State {
    var poll = joist_poll(queue: -1, bell: -1)
    /// By descriptor.
    var waits: [Int32: Waits] = [:]
    /// Those of them for which somebody was woken whom others wait for (DP3).
    var paused: [Int32] = []
    var isClosed = false
  }

  /// Who waits for one descriptor.
  private struct Waits {
    var readers = DescriptorQueue()
    var writers = DescriptorQueue()

    var isEmpty: Bool { readers.isEmpty && writers.isEmpty }
    var isPaused: Bool { readers.isPaused || writers.isPaused }
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
      if direction == .reading { waits.readers.add(ticket) } else { waits.writers.add(ticket) }
      let error = ask(state.poll, descriptor, waits)
      if error == 0 { state.waits[descriptor] = waits }
      return error
    }
  }

  /// Takes a ticket out.
  func remove(_ descriptor: Int32, _ ticket: WaitTicket) {
    state.withLock { state in
      guard var waits = state.waits[descriptor] else { return }
      waits.readers.remove(ticket)
      waits.writers.remove(ticket)
      update(&state, descriptor, waits)
    }
  }

  /// One who was woken before others has gone on, or will not make use of it (DP3).
  func hasGoneOn(_ descriptor: Int32, _ direction: Direction, at now: Int64, makesUse: Bool) {
    state.withLock { state in
      guard var waits = state.waits[descriptor] else { return }
      if direction == .reading {
        waits.readers.hasGoneOn(at: now, makesUse: makesUse)
      } else {
        waits.writers.hasGoneOn(at: now, makesUse: makesUse)
      }
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
  func serve(_ platform: any Platform) {
    var poll = state.withLock { $0.poll }
    var ready = [joist_ready](repeating: joist_ready(), count: 64)
    while true {
      let (isClosed, isAnyPaused) = state.withLock { ($0.isClosed, !$0.paused.isEmpty) }
      if isClosed { break }
      let count = unsafe joist_poll_wait(&poll, &ready, Int32(ready.count), isAnyPaused ? 1 : -1)
      let now = platform.now()
      for event in ready.prefix(Int(count)) where event.descriptor >= 0 {
        if event.reads { wake(event.descriptor, .reading, now) }
        if event.writes { wake(event.descriptor, .writing, now) }
      }
      if isAnyPaused { endPauses(now) }
    }
    state.withLock { unsafe joist_poll_close(&$0.poll) }
  }

  /// Answers those whom an event is for (DP2, DP3).
  private func wake(_ descriptor: Int32, _ direction: Direction, _ now: Int64) {
    let (taken, answer) = state.withLock { state -> ([WaitTicket], Answer) in
      guard var waits = state.waits[descriptor] else { return ([], .granted) }
      let taken = direction == .reading ? waits.readers.take(at: now) : waits.writers.take(at: now)
      let isPaused = direction == .reading ? waits.readers.isPaused : waits.writers.isPaused
      update(&state, descriptor, waits)
      return (taken, isPaused ? .grantedFirst : .granted)
    }
    for ticket in taken where !ticket.answer(answer, from: nil) && answer == .grantedFirst {
      hasGoneOn(descriptor, direction, at: now, makesUse: false)
    }
  }

  /// Asks again where that is due (DP3).
  private func endPauses(_ now: Int64) {
    state.withLock { state in
      for descriptor in state.paused {
        guard var waits = state.waits[descriptor] else { continue }
        waits.readers.endPause(at: now)
        waits.writers.endPause(at: now)
        update(&state, descriptor, waits)
      }
      state.paused.removeAll { state.waits[$0]?.isPaused != true }
    }
  }

  /// The table and what the system is asked for (DP1).
  private func update(_ state: inout State, _ descriptor: Int32, _ waits: Waits) {
    state.waits[descriptor] = waits.isEmpty ? nil : waits
    if waits.isPaused && !state.paused.contains(descriptor) { state.paused.append(descriptor) }
    _ = ask(state.poll, descriptor, waits)
  }

  // Sound: the poll is passed on as it is. Likewise below.
  private func ask(_ poll: joist_poll, _ descriptor: Int32, _ waits: Waits) -> Int32 {
    if poll.queue < 0 { return 0 }
    return unsafe withUnsafePointer(to: poll) {
      unsafe joist_poll_set($0, descriptor, waits.readers.isAskedFor, waits.writers.isAskedFor)
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
