// SPDX-License-Identifier: Apache-2.0
//
// Starting a process: the first frame on its stack takes the body out of the record and runs it.

import CJoist
import Synchronization

/// The first frame of a process; small, because all saved frames include it.
///
/// Never returns: it ends by switching away for good.
// Sound: the argument is the record that the frame was laid for.
func processMain(_ argument: UnsafeMutableRawPointer) {
  let process = unsafe ProcessHandle(argument.assumingMemoryBound(to: ProcessRecord.self))
  if let body = begin(process) {
    do {
      try process.run(body)
    } catch {
      process.noteFailure(error)
    }
  }
  end(process)
}

/// Takes the body out of the record; returns nil if the process was told to exit before it began.
@inline(never)
private func begin(_ process: ProcessHandle) -> Body<Never>? {
  Scheduler.current!.finishSwitch()
  let body = process.bodyPlace.take()
  process.it.flags.insert(.started)
  if process.it.inbox.isEmpty { return body }
  // The messages that arrived may run user code, which may trap.
  process.holding(body) { process.collectMail() }
  return process.it.flags.contains(.exiting) ? nil : body
}

extension Handle<ProcessRecord> {
  /// Notes what the body threw, unless the process was told to exit before.
  @inline(never)
  fileprivate func noteFailure(_ error: any Error) {
    if hasExitReason { return }
    guard let exit = error as? ProcessExit else { return beginExit(.error(error)) }
    if case .normal = exit.reason { return }
    beginExit(exit.reason)
  }
}
