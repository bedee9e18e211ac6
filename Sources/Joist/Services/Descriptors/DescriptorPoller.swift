// SPDX-License-Identifier: Apache-2.0
//
// The one thread of a runtime that waits for descriptors, for all processes that do.
// DP1. Under the lock the table says who waits for which descriptor and what for, and what the system was asked for is
//      what the table says. An event ends what was asked for, so whoever is left in the table is asked for again.
// DP2. Tickets are answered after the lock is let go. Who gives up takes its ticket out of the table; an event that has
//      just taken it out finds nobody (WC3).
// DP3. An event wakes the one who has waited longest, and not a thousand of whom one finds something
//      (DQ1 to DQ3). The others are asked for again when that one has made use of it.
// DP4. The program may close the descriptors of the poll itself. Whoever finds that forgets the poll and answers every
//      ticket, for no event would; the next wait opens another poll, with another thread. The thread of a lost poll
//      cannot be woken. It looks by itself within a second and ends, and nobody waits for it.

import CJoist
import Synchronization

/// Waits for descriptors.
final class DescriptorPoller: Sendable {
  private let state = Mutex(State())

  private struct State {
    /// Nil before the first wait, and where it was lost.
    var poll: joist_poll?
    /// The thread of that poll.
    var thread: (any PlatformThread)?
    /// By descriptor.
    var waits: [Int32: Waits] = [:]
    /// Those of them for which somebody was woken whom others wait for (DP3).
    var paused: [Int32] = []
    var isClosed = false

    /// Forgets the poll (DP4); the tickets to answer.
    mutating func lose() -> [WaitTicket] {
      (poll, thread) = (nil, nil)
      let tickets = waits.sorted { $0.key < $1.key }.flatMap { $0.value.readers.tickets + $0.value.writers.tickets }
      (waits, paused) = ([:], [])
      return tickets
    }
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
  /// `startThread` is called at the first use, and is to run `serve`.
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

  // Sound: the poll is open.
  /// Ends the thread; it is returned if it ends at once, and let go if its bell is lost (DP4).
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

  // Sound: the room is ours, and the count says how much of it was filled; the poll is closed by this thread alone.
  /// The thread's life.
  func serve(_ poll: joist_poll, _ platform: any Platform) {
    var poll = poll
    defer { unsafe joist_poll_close(&poll) }
    var ready = [joist_ready](repeating: joist_ready(), count: 64)
    while true {
      let (isClosed, isAnyPaused) = state.withLock { ($0.isClosed, !$0.paused.isEmpty) }
      if isClosed { return }
      let most = isAnyPaused ? 1 : Limits.pollMilliseconds
      let count = unsafe joist_poll_wait(&poll, &ready, Int32(ready.count), most)
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

  /// Answers those whom an event is for (DP2, DP3).
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

  /// The table and what the system is asked for (DP1); of a lost poll its thread will take care (DP4).
  private func update(_ state: inout State, _ descriptor: Int32, _ waits: Waits) {
    state.waits[descriptor] = waits.isEmpty ? nil : waits
    if waits.isPaused && !state.paused.contains(descriptor) { state.paused.append(descriptor) }
    if let poll = state.poll { _ = ask(poll, descriptor, waits) }
  }

  // Sound: the poll is passed on as it is. Likewise below.
  private func ask(_ poll: joist_poll, _ descriptor: Int32, _ waits: Waits) -> Int32 {
    unsafe withUnsafePointer(to: poll) {
      unsafe joist_poll_set($0, descriptor, waits.readers.isAskedFor, waits.writers.isAskedFor)
    }
  }

  /// Sees to it that there is a poll with a thread; an error number, or zero.
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
