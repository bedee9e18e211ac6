// SPDX-License-Identifier: Apache-2.0
//
// The end of a runtime: it refuses new processes, tells every process to exit, waits, kills the rest, stops its
// schedulers and gives everything back. `shutdown` runs once; later calls wait for the first. It never runs on a
// scheduler, which hands it to another thread.
// J4. `shutdown` says that it has begun, passes the heavy fence, and looks for live processes. A scheduler counts a
//     process as ended, passes the light fence, and looks whether `shutdown` has begun; if so, it passes a full fence
//     and counts the live processes as well. So if `shutdown` does not see an end, the scheduler of that end sees
//     `shutdown`; and of two ends at the same moment, one sees the other. The last end wakes `shutdown`. A spawn looks
//     as well, once its process exists, so one of the two tells the process to exit.
// J5. If the system provides no thread for `shutdown`, the watchdog is ordered to run it. It takes the order in its
//     next round, or at once if it rests, and ends with that. No spare schedulers are started meanwhile.

import CJoist
import Synchronization

/// The shutdown of a runtime: how far it is, and the threads that it has to join.
struct RuntimeShutdown: ~Copyable {
  private let refusing = Atomic<Bool>(false)
  private let word = WaitWord()
  private let state = Mutex(State())

  struct State {
    var threads: [any PlatformThread] = []
    var phase = Phase.running
    var order: Order?
  }

  /// An order to shut down on another thread than the one that asks.
  struct Order {
    let deadline: Duration
    /// The runtime, kept alive until the shutdown is done; nil if nothing refers to it any more, so that its core is
    /// then free for a later one (J1).
    let runtime: ProcessRuntime?
  }

  enum Phase {
    case running, ending
    /// The runtime is over, and these processes outlived it.
    case over([ProcessID])
  }

  /// Whether the runtime makes no more processes.
  // Ordering: relaxed, because the fences order it (J4).
  @inline(__always)
  var isRefusing: Bool { refusing.load(ordering: .relaxed) }

  /// Adds a thread to join at the end.
  func add(_ thread: any PlatformThread) { state.withLock { $0.threads.append(thread) } }

  /// Takes all threads; the caller joins them or leaves them running.
  func takeThreads() -> [any PlatformThread] {
    state.withLock { state in
      defer { state.threads = [] }
      return state.threads
    }
  }

  /// Whether the watchdog is ordered to shut the runtime down (J5).
  // Ordering: the order is stored under the lock, before the watchdog's alarm (F1).
  var isOrdered: Bool { state.withLock { $0.order != nil } }

  /// Stores an order, unless a shutdown has already begun.
  func order(_ order: Order) {
    state.withLock { state in if case .running = state.phase { state.order = order } }
  }

  func takeOrder() -> Order? {
    state.withLock { state in
      defer { state.order = nil }
      return state.order
    }
  }

  /// Wakes the shutdown if the process that has ended was the last one (J4).
  func processEnded(_ core: Handle<RuntimeCore>) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if core.liveCount <= 0 { word.ring(core.it.platform, all: true) }
  }

  /// Begins the shutdown; returns true for the first caller, which has to run it.
  func begin() -> Bool {
    state.withLock { state in
      guard case .running = state.phase else { return false }
      state.phase = .ending
      refusing.store(true, ordering: .relaxed)
      return true
    }
  }

  /// Notes that the runtime is over, and wakes all waiting threads.
  func finish(_ survivors: [ProcessID], _ platform: any Platform) {
    state.withLock { $0.phase = .over(survivors) }
    word.ring(platform, all: true)
  }

  /// Whether the runtime is over.
  var isOver: Bool {
    state.withLock { state in
      if case .over = state.phase { true } else { false }
    }
  }

  /// Whether the runtime is over and no process outlived it.
  var isComplete: Bool {
    state.withLock { state in
      if case .over(let survivors) = state.phase { survivors.isEmpty } else { false }
    }
  }

  /// Waits for a shutdown that another thread runs.
  func waitForOther(_ platform: any Platform) -> [ProcessID] {
    while true {
      let seen = word.seen
      if case .over(let survivors) = state.withLock({ $0.phase }) { return survivors }
      platform.wait(on: word, while: seen, until: nil)
    }
  }

  /// Waits until no process is left; returns false if the deadline came first.
  func waitForProcesses(_ core: Handle<RuntimeCore>, until deadline: Int64) -> Bool {
    while true {
      let seen = word.seen
      if core.liveCount <= 0 { return true }
      if core.it.platform.now() >= deadline { return false }
      core.it.platform.wait(on: word, while: seen, until: deadline)
    }
  }
}

extension Handle<RuntimeCore> {
  /// Shuts the runtime down, or waits for a shutdown that has begun.
  ///
  /// Returns the processes that outlived it, because they never reached a suspension point.
  func shutDown(deadline: Duration) -> [ProcessID] {
    guard it.shutdown.begin() else { return it.shutdown.waitForOther(it.platform) }
    return end(deadline)
  }

  /// Shuts the runtime down on another thread, and does not wait for it.
  func shutDownElsewhere(_ order: RuntimeShutdown.Order) {
    do {
      _ = try it.platform.startThread(named: "joist-shutdown") {
        if self.shutDown(deadline: order.deadline).isEmpty && order.runtime == nil { RuntimePool.keep(self) }
      }
    } catch {
      it.shutdown.order(order)
      it.watchdog.stop(it.platform)
    }
  }

  /// Shuts the runtime down on the watchdog's thread (J5).
  ///
  /// Returns false if a shutdown has already begun. Otherwise the watchdog must not use the runtime afterwards.
  func carryOut(_ order: RuntimeShutdown.Order) -> Bool {
    guard it.shutdown.begin() else { return false }
    if end(order.deadline).isEmpty && order.runtime == nil { RuntimePool.keep(self) }
    return true
  }

  /// Runs the shutdown, for the first caller.
  private func end(_ deadline: Duration) -> [ProcessID] {
    it.platform.heavyFence()  // J4
    tellEveryone(.shutdown)
    if !it.shutdown.waitForProcesses(self, until: it.platform.deadline(after: deadline)) {
      tellEveryone(.killed)
      _ = it.shutdown.waitForProcesses(self, until: it.platform.deadline(after: Limits.killGrace))
    }
    let survivors = it.liveProcesses
    stopSchedulers(joining: survivors.isEmpty)
    if survivors.isEmpty {
      // Ordering: acquiring pairs with the end of a visit (J3).
      while it.visitors.load(ordering: .acquiring) > 0 { relinquishProcessor() }
      giveEverythingBack()
    }
    it.shutdown.finish(survivors, it.platform)
    it.quiescence.end(it.platform)
    return survivors
  }

  /// Tells every live process to exit.
  // Ordering: relaxed, behind the heavy fence (J4).
  private func tellEveryone(_ reason: ExitReason) {
    for process in it.table.all {
      let generation = process.it.generation.load(ordering: .relaxed)
      if process.it.state != .terminated { process.tellToExit(reason, generation) }
    }
  }

  /// Stops all schedulers and helper threads, and joins their threads if no process has outlived the runtime.
  // Ordering: sequentially consistent for `allowHandOver`. A scheduler that sleeps is woken by its alarm, which comes
  // after the store (F1).
  private func stopSchedulers(joining: Bool) {
    it.stopping.store(true, ordering: .sequentiallyConsistent)
    it.watchdog.stop(it.platform)
    for number in 0..<it.schedulerCount {
      it.scheduler(number).forbidHandOver()
      it.scheduler(number).it.alarm.ring(it.platform)
    }
    it.blocking.close()
    let poller = it.descriptors.close()
    let threads = it.shutdown.takeThreads() + (poller.map { [$0] } ?? [])
    // The watchdog, where it runs the shutdown, does not join itself.
    if joining { for thread in threads where !thread.isCurrent { thread.join() } }
  }

  /// Gives stacks and pools back to the system; records and core stay for a later runtime (J1).
  private func giveEverythingBack() {
    var undelivered = Undelivered()
    for number in 0..<it.schedulerCount { it.scheduler(number).dropTimers(&undelivered) }
    destroyHere(undelivered)
    for number in 0..<it.schedulerCount { it.scheduler(number).unload() }
    it.slots.release()
  }
}

extension Handle<RuntimeCore> {
  /// Tells a new process to exit if the shutdown began meanwhile (J4).
  @inline(__always)
  func look(after spawned: Spawned) {
    joist_light_fence()
    if it.shutdown.isRefusing { spawned.record.tellToExit(.shutdown, spawned.id.generation) }
  }
}

extension RuntimeCore {
  /// The processes that have not ended, in the order of their records.
  var liveProcesses: [ProcessID] {
    table.all.filter { $0.it.state != .terminated }.map(\.id)
  }
}
