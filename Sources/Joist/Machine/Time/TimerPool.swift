// SPDX-License-Identifier: Apache-2.0
//
// Memory for message timers, which is never given back and never used for anything else (TM3).

/// A list of free timers, linked through their entries.
struct TimerCache {
  private var first: Handle<TimerEntry>?
  private(set) var count = 0

  mutating func take() -> Handle<MessageTimer>? {
    guard let entry = first else { return nil }
    first = entry.it.next
    entry.it.next = nil
    count -= 1
    return Handle<MessageTimer>(entry: entry)
  }

  mutating func put(_ timer: Handle<MessageTimer>) {
    timer.entry.it.next = first
    first = timer.entry
    count += 1
  }
}

/// All free timers except those in schedulers' caches.
// Sound: the list is used under the lock.
@safe
final class TimerPool: @unchecked Sendable {
  static let shared = TimerPool()

  /// The lock of the list.
  private let lock = SpinLock()
  private var free = TimerCache()
  private let slabs = SlabPool(node: 0)

  /// Takes a free timer, from the scheduler's cache if there is a scheduler.
  @inline(__always)
  static func take(_ scheduler: Handle<Scheduler>?) -> Handle<MessageTimer> {
    if let scheduler, let timer = scheduler.it.timers.take() { return timer }
    return shared.takeShared(scheduler)
  }

  @inline(never)
  private func takeShared(_ scheduler: Handle<Scheduler>?) -> Handle<MessageTimer> {
    lock.lock()
    while free.count == 0 {
      lock.unlock()
      grow()
      lock.lock()
    }
    defer { lock.unlock() }
    if let scheduler {
      while scheduler.it.timers.count < Limits.timersInABatch, let more = free.take() { scheduler.it.timers.put(more) }
      return scheduler.it.timers.take()!
    }
    return free.take()!
  }

  // Sound: each piece is new memory, for one timer forever (TM3).
  private func grow() {
    let stride = (MemoryLayout<MessageTimer>.stride + 63) & ~63
    guard let memory = unsafe slabs.take(stride * Limits.timersInABatch) else {
      fatalError("Joist: there is no memory for a timer")
    }
    for index in 0..<Limits.timersInABatch {
      let timer = unsafe (memory + index * stride).bindMemory(to: MessageTimer.self, capacity: 1)
      unsafe timer.initialize(to: MessageTimer())
      put(unsafe Handle<MessageTimer>(timer))
    }
  }

  /// Gives a free timer back.
  @inline(__always)
  static func give(_ timer: Handle<MessageTimer>, _ scheduler: Handle<Scheduler>?) {
    guard let scheduler else { return shared.put(timer) }
    scheduler.it.timers.put(timer)
    if scheduler.it.timers.count > 2 * Limits.timersInABatch { shared.unload(scheduler) }
  }

  private func put(_ timer: Handle<MessageTimer>) {
    lock.lock()
    free.put(timer)
    lock.unlock()
  }

  @inline(never)
  private func unload(_ scheduler: Handle<Scheduler>) {
    lock.lock()
    while scheduler.it.timers.count > Limits.timersInABatch, let timer = scheduler.it.timers.take() { free.put(timer) }
    lock.unlock()
  }

  /// Takes all timers out of the cache of a scheduler that ends.
  static func empty(_ scheduler: Handle<Scheduler>) {
    while let timer = scheduler.it.timers.take() { shared.put(timer) }
  }
}
