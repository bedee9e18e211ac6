// SPDX-License-Identifier: Apache-2.0
//
// The one thread of a runtime that waits for descriptors on behalf of all processes.
//
// Under the lock the table holds the waiters of each descriptor and direction, and the system's poll is set to what the
// table asks for. An event ends what the system was asked for, so the poll is set again for the waiters that remain.
// Tickets are answered after the lock is released. A waiter that gives up takes its ticket out of the table; if an
// event has taken the ticket out just before, its answer has no effect (WC3).
// DP3. An event wakes the process that has waited longest, not a thousand processes of which one finds something (DQ1
//      and DQ3). The poll is set again for the others when the first one has used the descriptor.
//
// The program may close the poll's own descriptors. The thread that finds this out forgets the poll and answers every
// ticket, because no event would. The next wait opens another poll, with another thread. The thread of a lost poll
// cannot be woken: it looks by itself within a second and ends, and no thread waits for its end.

import CJoist
import Synchronization

/// The waiters for descriptors, and the thread that serves them.
final class DescriptorPoller: Sendable {
  private let state = Mutex(State())

  private struct State {
    /// The poll; nil before the first wait, and after the poll was lost.
    var poll: joist_poll?
    /// The thread of that poll.
    var thread: (any PlatformThread)?
    /// The waiters, by descriptor.
    var waits: [Int32: Waits] = [:]
    /// The descriptors for which one waiter was woken while others still wait (DP3).
    var paused: [Int32] = []
    var isClosed = false

    /// Forgets a lost poll, and returns the tickets to answer.
    mutating func lose() -> [WaitTicket] {
      (poll, thread) = (nil, nil)
      let tickets = waits.sorted { $0.key < $1.key }.flatMap { $0.value.readers.tickets + $0.value.writers.tickets }
      (waits, paused) = ([:], [])
      return tickets
    }
  }

  /// The waiters for one descriptor.
  private struct Waits {
    var readers = DescriptorQueue()
    var writers = DescriptorQueue()

    var isEmpty: Bool { readers.isEmpty && writers.isEmpty }
    var isPaused: Bool { readers.isPaused || writers.isPaused }
  }

  /// The operation that a descriptor is to be ready for.
  enum Direction {
    case reading, writing
  }

  /// Adds a ticket that is answered when the descriptor is ready; returns an error number, or zero.
  ///
  /// Calls `startThread` at the first use, for a thread that runs `serve`.
  // Sound: the poll is passed on as it is.
  func add(
    _ descriptor: Int32,
    _ direction: Direction,
    _ ticket: WaitTicket,
    startThread: (joist_poll) throws(ResourceError) -> (any PlatformThread)?
  ) -> Int32 {
    var lost: [WaitTicket] = []
    let error = state.withLock { state -> Int32 in
      if let poll = state.poll, unsafe !withUnsafePointer(to: poll, { unsafe joist_poll_is_own($0) }) {
        lost = state.lose()
      }
      let error = open(&state, startThread)
      guard error == 0, let poll = state.poll else { return error }
      var waits = state.waits[descriptor] ?? Waits()
      if direction == .reading { waits.readers.add(ticket) } else { waits.writers.add(ticket) }
      let refusal = ask(poll, descriptor, waits)
      if refusal == 0 { state.waits[descriptor] = waits }
      return refusal
    }
    answer(lost)
    return error
  }

  /// Removes a ticket.
  func remove(_ descriptor: Int32, _ ticket: WaitTicket) {
    state.withLock { state in
      guard var waits = state.waits[descriptor] else { return }
      waits.readers.remove(ticket)
      waits.writers.remove(ticket)
      update(&state, descriptor, waits)
    }
  }

  /// Notes that a waiter that was woken before others has continued, or will not use the descriptor (DP3).
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

  /// The number of tickets in the table, for tests.
  // Order: the order does not change a sum.
  var waiting: Int { state.withLock { $0.waits.values.reduce(0) { $0 + $1.readers.count + $1.writers.count } } }

  // Sound: the poll is open.
  /// Ends the thread; returns it if it ends at once, or nil if the descriptors that wake it are lost.
  func close() -> (any PlatformThread)? {
    state.withLock { state in
      state.isClosed = true
      defer { state.thread = nil }
      guard let poll = state.poll, unsafe withUnsafePointer(to: poll, { unsafe joist_poll_ring($0) }) else {
        return nil
      }
      return state.thread
    }
  }

  // Sound: the buffer is a local, and the count tells how much of it was filled; only this thread closes the poll.
  /// Runs the loop of the poll's thread.
  func serve(_ poll: joist_poll, _ platform: any Platform) {
    var poll = poll
    defer { unsafe joist_poll_close(&poll) }
    var ready = [joist_ready](repeating: joist_ready(), count: 64)
    while true {
      let (isClosed, isAnyPaused) = state.withLock { ($0.isClosed, !$0.paused.isEmpty) }
      if isClosed { return }
      let timeout = isAnyPaused ? 1 : Limits.pollMilliseconds
      let count = unsafe joist_poll_wait(&poll, &ready, Int32(ready.count), timeout)
      if count == Int32(joist_poll_lost) {
        return answer(state.withLock { $0.poll?.pipe_number == poll.pipe_number ? $0.lose() : [] })
      }
      let now = platform.now()
      for event in ready.prefix(Int(count)) where event.descriptor >= 0 {
        if event.reads { wake(event.descriptor, .reading, now) }
        if event.writes { wake(event.descriptor, .writing, now) }
      }
      if isAnyPaused { endPauses(now) }
    }
  }

  private func answer(_ tickets: [WaitTicket]) {
    for ticket in tickets { _ = ticket.answer(.granted, from: nil) }
  }

  /// Answers the waiters that an event is for (DP3).
  private func wake(_ descriptor: Int32, _ direction: Direction, _ now: Int64) {
    let (taken, answer) = state.withLock { state -> ([WaitTicket], WaitResult) in
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

  /// Ends the pauses whose time is over, and sets the poll again (DP3).
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

  /// Updates the table, and sets the poll accordingly; if the poll is lost, its thread finds that out.
  private func update(_ state: inout State, _ descriptor: Int32, _ waits: Waits) {
    state.waits[descriptor] = waits.isEmpty ? nil : waits
    if waits.isPaused && !state.paused.contains(descriptor) { state.paused.append(descriptor) }
    if let poll = state.poll { _ = ask(poll, descriptor, waits) }
  }

  // Sound: the poll is passed on as it is. The same holds below.
  private func ask(_ poll: joist_poll, _ descriptor: Int32, _ waits: Waits) -> Int32 {
    unsafe withUnsafePointer(to: poll) {
      unsafe joist_poll_set($0, descriptor, waits.readers.isAskedFor, waits.writers.isAskedFor)
    }
  }

  /// Makes sure that there is a poll with a thread; returns an error number, or zero.
  private func open(
    _ state: inout State,
    _ startThread: (joist_poll) throws(ResourceError) -> (any PlatformThread)?
  ) -> Int32 {
    if state.isClosed { return DescriptorError.noPoller }
    if state.poll != nil { return 0 }
    var poll = joist_poll()
    let error = unsafe joist_poll_open(&poll)
    if error != 0 { return error }
    let thread: (any PlatformThread)?
    var failure = DescriptorError.noPoller
    do { thread = try startThread(poll) } catch { (thread, failure) = (nil, DescriptorError.noThread) }
    guard let thread else {
      unsafe joist_poll_close(&poll)
      return failure
    }
    (state.poll, state.thread) = (poll, thread)
    return 0
  }
}
