// SPDX-License-Identifier: Apache-2.0
//
// A scheduler as a thread: a loop around `step()`.

extension Handle<RuntimeCore> {
  /// Makes the regular schedulers and starts their threads and the monitor's, where the platform has threads.
  func startThreads() throws(ResourceError) {
    it.idle.awake.wake(it.regularCount)
    for number in 0..<it.regularCount {
      try startThread(of: makeScheduler(isSpare: false, onNode: it.node(ofRegular: number)))
    }
    let core = self
    it.monitorRounds = WatchdogRounds(schedulers: it.regularCount + it.configuration.spareSchedulers)
    if let monitor = try it.platform.startThread(named: "joist-monitor", { core.it.monitor.watch(core) }) {
      it.ending.add(monitor)
    }
  }

  /// Makes a scheduler without a thread.
  func makeScheduler(isSpare: Bool, onNode node: Int) -> Handle<Scheduler> {
    let number = it.schedulerCount
    let scheduler = Handle<Scheduler>.allocate(Scheduler(index: number, runtime: self, isSpare: isSpare, node: node))
    it.addScheduler(scheduler)
    return scheduler
  }

  /// Starts the thread that steps a scheduler.
  func startThread(of scheduler: Handle<Scheduler>) throws(ResourceError) {
    let name = "joist-\(scheduler.it.isSpare ? "spare-" : "")\(scheduler.it.index)"
    if let thread = try it.platform.startThread(named: name, { scheduler.live() }) { it.ending.add(thread) }
    scheduler.it.hasThread = true
  }
}

extension Handle<Scheduler> {
  /// The thread's life.
  fileprivate func live() {
    if it.runtime.it.nodeCount > 1 { it.runtime.it.platform.stay(onNode: it.node) }
    takeThread()
    defer { leaveThread() }
    if it.isSpare { awaitCall() }
    while true {
      switch step() {
      case .ran: if it.isSpare { _ = retireIfNotNeeded() }
      case .idle: if !retireIfNotNeeded() { rest() }
      case .stopped: return
      }
    }
  }
}
