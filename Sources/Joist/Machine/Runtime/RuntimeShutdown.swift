// SPDX-License-Identifier: Apache-2.0
//
// How a runtime ends: it refuses new processes, tells every process to exit, waits, kills the rest, stops its
// schedulers and gives everything back.
// J2. `shutdown` runs once; who calls it again waits for the first. It is never run on a scheduler: there it is handed
//     to a thread of its own.
// J4. `shutdown` says that it has begun, passes the heavy fence, and looks for the processes that live. A scheduler
//     counts a process as ended, passes the light fence, and looks whether `shutdown` has begun; if so it passes a full
//     fence and counts those that live as well. So of an end that `shutdown` does not see its scheduler knows; and of
//     two ends at the same moment one sees the other. The last one wakes `shutdown`. Whoever makes a process looks as
//     well when it is there: so it is told to exit by the one or the other.
// J5. Where the system gives no thread for `shutdown`, the monitor is ordered to do it. It takes the order in its next
//     round, or at once if it rests, and ends with that; others that stand in for stuck schedulers are not started
//     meanwhile.

import CJoist
import Synchronization

/// The end of a runtime.
struct RuntimeShutdown: ~Copyable {
  private let refusing = Atomic<Bool>(false)
  private let word = WaitWord()
  private let state = Mutex(State())

  struct State {
    var threads: [any PlatformThread] = []
    var phase = Phase.running
    var order: Order?
  }

  /// A `shutdown` on another thread than the one that asks.
  struct Order {
    let deadline: Duration
    /// Kept until it is done; nil where nobody has it any more, and its core is free for a later one (J1).
    let runtime: ProcessRuntime?
  }

  enum Phase {
    case running, ending
    /// With those that outlived it.
    case over([ProcessID])
  }

  /// No process is made any more.
  // Ordering: relaxed, for the fences order it (J4).
  @inline(__always)
  var isRefusing: Bool { refusing.load(ordering: .relaxed) }

  /// A thread to wait for at the end.
  func add(_ thread: any PlatformThread) { state.withLock { $0.threads.append(thread) } }

  /// All of them; whoever takes them joins them, or lets them go.
  func takeThreads() -> [any PlatformThread] {
    state.withLock { state in
      defer { state.threads = [] }
      return state.threads
    }
  }

  /// Whether the monitor is to end the runtime (J5).
  // Ordering: the order is stored under the lock, before the monitor's alarm (F1).
  var isOrdered: Bool { state.withLock { $0.order != nil } }

  /// Stores an order; nothing is to be done where somebody ends the runtime already.
  func order(_ order: Order) {
    state.withLock { state in if case .running = state.phase { state.order = order } }
  }

  func takeOrder() -> Order? {
    state.withLock { state in
      defer { state.order = nil }
      return state.order
    }
  }

  /// A process has ended while the runtime does (J4).
  func processEnded(_ core: Handle<RuntimeCore>) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if core.liveCount <= 0 { word.signal(core.it.platform, all: true) }
  }

  /// True for the first, who has to do it (J2).
  func begin() -> Bool {
    state.withLock { state in
      guard case .running = state.phase else { return false }
      state.phase = .ending
      refusing.store(true, ordering: .relaxed)
      return true
    }
  }

  /// It is over.
  func finish(_ survivors: [ProcessID], _ platform: any Platform) {
    state.withLock { $0.phase = .over(survivors) }
    word.signal(platform, all: true)
  }

  /// Whether it is over.
  var isOver: Bool {
    state.withLock { state in
      if case .over = state.phase { true } else { false }
    }
  }

  /// Whether it is over and nothing is left.
  var isComplete: Bool {
    state.withLock { state in
      if case .over(let survivors) = state.phase { survivors.isEmpty } else { false }
    }
  }

  /// Waits for another who does it.
  func waitForOther(_ platform: any Platform) -> [ProcessID] {
    while true {
      let seen = word.seen
      if case .over(let survivors) = state.withLock({ $0.phase }) { return survivors }
      platform.wait(on: word, while: seen, until: nil)
    }
  }

  /// Waits until no process is left; false when that time came first.
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
  /// Ends the runtime; the processes that outlived it, because they never reached a suspension point.
  func shutDown(deadline: Duration) -> [ProcessID] {
    guard it.ending.begin() else { return it.ending.waitForOther(it.platform) }
    return end(deadline)
  }

  /// Ends the runtime on another thread, and does not wait for it.
  func shutDownElsewhere(_ order: RuntimeShutdown.Order) {
    do {
      _ = try it.platform.startThread(named: "joist-ending") {
        if self.shutDown(deadline: order.deadline).isEmpty && order.runtime == nil { RuntimePool.keep(self) }
      }
    } catch {
      it.ending.order(order)
      it.monitor.stop(it.platform)
    }
  }

  /// The monitor's part of J5: false where somebody else ends the runtime, else it touches nothing of that any more.
  func carryOut(_ order: RuntimeShutdown.Order) -> Bool {
    guard it.ending.begin() else { return false }
    if end(order.deadline).isEmpty && order.runtime == nil { RuntimePool.keep(self) }
    return true
  }

  /// The part of whoever was the first.
  private func end(_ deadline: Duration) -> [ProcessID] {
    it.platform.heavyFence()  // J4
    tellEveryone(.shutdown)
    if !it.ending.waitForProcesses(self, until: it.platform.deadline(after: deadline)) {
      tellEveryone(.killed)
      _ = it.ending.waitForProcesses(self, until: it.platform.deadline(after: Limits.killGrace))
    }
    let survivors = it.liveProcesses
    stopSchedulers(joining: survivors.isEmpty)
    if survivors.isEmpty {
      // Ordering: acquiring pairs with the visitor's leaving (J3).
      while it.visitors.load(ordering: .acquiring) > 0 { relinquishProcessor() }
      giveEverythingBack()
    }
    it.ending.finish(survivors, it.platform)
    it.idleness.end(it.platform)
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

  // Ordering: sequentially consistent for `allowHandOver`. Who sleeps is told by an alarm, which comes after (F1).
  private func stopSchedulers(joining: Bool) {
    it.stopping.store(true, ordering: .sequentiallyConsistent)
    it.monitor.stop(it.platform)
    for number in 0..<it.schedulerCount {
      it.scheduler(number).forbidHandOver()
      it.scheduler(number).it.alarm.signal(it.platform)
    }
    it.blocking.close()
    let poller = it.descriptors.close()
    let threads = it.ending.takeThreads() + (poller.map { [$0] } ?? [])
    // Not itself, where the monitor does this.
    if joining { for thread in threads where !thread.isCurrent { thread.join() } }
  }

  /// Stacks and pools go back to the system; records and core stay for a later runtime (J1).
  private func giveEverythingBack() {
    var undelivered = Undelivered()
    for number in 0..<it.schedulerCount { it.scheduler(number).dropTimers(&undelivered) }
    destroyHere(undelivered)
    for number in 0..<it.schedulerCount { it.scheduler(number).unload() }
    it.slots.release()
  }
}

extension Handle<RuntimeCore> {
  /// Tells a process to exit that was made just now, if the runtime began to end meanwhile (J4).
  @inline(__always)
  func look(after spawned: Spawned) {
    joist_light_fence()
    if it.ending.isRefusing { spawned.record.tellToExit(.shutdown, spawned.id.generation) }
  }
}

extension RuntimeCore {
  /// Processes that have not ended, by number.
  var liveProcesses: [ProcessID] {
    table.all.filter { $0.it.state != .terminated }.map(\.id)
  }
}
