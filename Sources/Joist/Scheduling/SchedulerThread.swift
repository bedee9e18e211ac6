// SPDX-License-Identifier: Apache-2.0
//
// A scheduler as a thread: a loop around `step()`.

extension Handle<RuntimeCore> {
  /// Makes a scheduler and, where the platform has threads, the thread that steps it.
  @discardableResult
  func startScheduler(isSpare: Bool, onNode node: Int) -> Handle<Scheduler> {
    let number = it.schedulerCount
    let scheduler = Handle<Scheduler>.allocate(
      Scheduler(index: number, runtime: self, isSpare: isSpare, node: node)
    )
    it.addScheduler(scheduler)
    let name = "joist-\(isSpare ? "spare-" : "")\(number)"
    if let thread = it.platform.startThread(named: name, { scheduler.live() }) { it.ending.add(thread) }
    return scheduler
  }
}

extension Handle<Scheduler> {
  /// The thread's life.
  fileprivate func live() {
    if it.runtime.it.nodeCount > 1 { it.runtime.it.platform.stay(onNode: it.node) }
    takeThread()
    defer { leaveThread() }
    while true {
      switch step() {
      case .ran: if it.isSpare { _ = retireIfNotNeeded() }
      case .idle: if !retireIfNotNeeded() { rest() }
      case .stopped: return
      }
    }
  }
}
