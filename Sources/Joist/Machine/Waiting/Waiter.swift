// SPDX-License-Identifier: Apache-2.0
//
// Who waits: the process that runs on this thread, or the thread itself where none does.

/// Somebody who is about to wait for an answer.
struct Waiter {
  /// Nil for a thread that is no process.
  let process: ProcessHandle?
  private let external: Handle<ExternalWaiter>?
  /// The wait; not open before `wait`'s caller opens it.
  let ticket: WaitTicket

  /// The process that runs here, or this thread; `finish` when it does not wait any more.
  ///
  /// A thread waits on the platform of whom it waits for, if that is a process.
  static func here(for other: ProcessHandle? = nil) -> Waiter {
    if let process = Scheduler.current?.it.running {
      return Waiter(process: process, external: nil, ticket: process.newTicket())
    }
    let external = ExternalWaiter.take(forTask: false, on: other?.home.it.platform)
    return Waiter(process: nil, external: external, ticket: external.newTicket())
  }

  /// So long from now, on the waiter's clock; nil for ever.
  func deadline(after timeout: Duration?) -> Int64? {
    if let process { return process.home.deadline(after: timeout) }
    return external!.it.deadline(after: timeout)
  }

  /// Waits for the answer to the open ticket; nil when the time was over, or the process was told to exit.
  func wait(_ reason: WaitReason, until deadline: Int64?, _ kind: Interruptibility = .interruptible) -> WaitResult? {
    if let process { return process.awaitAnswer(reason, until: deadline, kind) }
    return external!.wait(until: deadline)
  }

  /// Gives back what it took; it stands in no line any more.
  func finish() {
    external?.giveBack()
    if let process, process.hasExtras, process.extras().it.turn != nil { process.extras().it.turn = nil }
  }

  /// Whether it is a process that was told to exit.
  var isToldToExit: Bool { process?.it.flags.contains(.exiting) ?? false }

  /// Throws if it is a process that was told to exit.
  func throwIfToldToExit() throws(ProcessExit) {
    if isToldToExit { try process!.refuse() }
  }
}
