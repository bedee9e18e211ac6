// SPDX-License-Identifier: Apache-2.0
//
// The party that waits: the process that runs on this thread, or the thread itself if it runs none.

/// A process or a thread that is about to wait for a result.
struct Waiter {
  /// The process; nil for a thread.
  let process: ProcessHandle?
  private let external: Handle<ExternalWaiter>?
  /// The ticket of the wait, which the caller of `wait` opens before.
  let ticket: WaitTicket

  /// Returns a waiter for the running process, or for this thread; the caller calls `finish` when it no longer waits.
  ///
  /// `other` is the process that it waits for, if there is one: a thread waits on the platform of that process.
  static func here(for other: ProcessHandle? = nil) -> Waiter {
    if let process = Scheduler.current?.it.running {
      return Waiter(process: process, external: nil, ticket: process.newTicket())
    }
    let external = ExternalWaiter.take(forTask: false, on: other?.home.it.platform)
    return Waiter(process: nil, external: external, ticket: external.newTicket())
  }

  /// Returns the time on the waiter's clock at which the timeout ends; nil for no timeout.
  func deadline(after timeout: Duration?) -> Int64? {
    if let process { return process.home.deadline(after: timeout) }
    return external!.it.deadline(after: timeout)
  }

  /// Waits for the result of the open ticket; returns nil if the deadline came first, or an exit of the process.
  func wait(_ reason: WaitReason, until deadline: Int64?, _ kind: Interruptibility = .interruptible) -> WaitResult? {
    if let process { return process.awaitAnswer(reason, until: deadline, kind) }
    return external!.wait(until: deadline)
  }

  /// Returns the thread's cell to its pool, and clears the process's note of a wait queue.
  func finish() {
    external?.giveBack()
    if let process, process.hasExtras, process.extras().it.grant != nil { process.extras().it.grant = nil }
  }

  /// Whether it is a process that was told to exit.
  var isToldToExit: Bool { process?.it.flags.contains(.exiting) ?? false }

  /// Throws if it is a process that was told to exit.
  func throwIfToldToExit() throws(ProcessExit) {
    if isToldToExit { try process!.refuse() }
  }
}
