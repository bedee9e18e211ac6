// SPDX-License-Identifier: Apache-2.0
//
// The thread of a scheduler: a loop around `step()`.

extension Handle<RuntimeCore> {
  /// Makes the regular schedulers and starts their threads and the watchdog's, if the platform has threads.
  func startThreads() throws(ResourceError) {
    it.idle.awake.wake(it.regularCount)
    for number in 0..<it.regularCount {
      try startThread(of: makeScheduler(isSpare: false, onNode: it.node(ofRegular: number)))
    }
    let core = self
    it.watchdogRounds = WatchdogRounds(schedulers: it.regularCount + it.configuration.spareSchedulers)
    if let watchdog = try it.platform.startThread(named: "joist-watchdog", { core.it.watchdog.watch(core) }) {
      it.shutdown.add(watchdog)
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
    if let thread = try it.platform.startThread(named: name, { scheduler.live() }) { it.shutdown.add(thread) }
    scheduler.it.hasThread = true
  }
}

extension Handle<Scheduler> {
  /// Steps the scheduler until the runtime stops: the body of its thread.
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
