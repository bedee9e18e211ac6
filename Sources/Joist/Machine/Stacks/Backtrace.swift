// SPDX-License-Identifier: Apache-2.0
//
// The code addresses on the stack of a process: of one that is parked, also when its frames were saved elsewhere, and
// of the one that runs here.

import CJoist
import Synchronization

extension Handle<ProcessRecord> {
  /// The return addresses on the stack of the process, innermost first; empty for a process that runs elsewhere, or is
  /// about to, or has not begun.
  var backtrace: [UInt] {
    if Scheduler.current?.it.running == self { return backtraceHere }
    guard it.inbox.claim() else { return [] }
    defer { release() }
    return parkedBacktrace
  }

  /// Gives a process that this thread has claimed back: parks it again, or makes it ready if something has come.
  func release() {
    if !home.it.scheduler(0).tryToPark(self) { wake(from: Scheduler.current) }
  }

  // Sound: the process is the caller's, so its frames stay as they are, between its stack pointer and the slot's top.
  /// The same of a process that this thread has, and that does not run.
  var parkedBacktrace: [UInt] {
    guard let slot = it.slot, let context = unsafe it.stackPointer, it.flags.contains(.started) else { return [] }
    let saved = unsafe it.savedFrames ?? context
    let top = slot.it.top
    return unsafe addresses { frames, limit in
      unsafe joist_stack_walk(saved, UInt(bitPattern: context), top, frames, limit)
    }
  }

  // Sound: the stack is that of the calling code.
  private var backtraceHere: [UInt] {
    guard let slot = it.slot else { return [] }
    let (low, top) = (slot.it.low, slot.it.top)
    return unsafe addresses { frames, limit in unsafe joist_stack_walk_here(low, top, frames, limit) }
  }

  // Sound: the array has room for as many addresses as the walk may store.
  private func addresses(_ walk: (UnsafeMutablePointer<UInt>, Int32) -> Int32) -> [UInt] {
    unsafe Array(unsafeUninitializedCapacity: Limits.backtraceFrames) { buffer, count in
      unsafe count = Int(walk(buffer.baseAddress!, Int32(Limits.backtraceFrames)))
    }
  }
}
