// SPDX-License-Identifier: Apache-2.0
//
// A simulated thread: a stack, and the state that a system thread would keep for the code running on it.

import CJoist
import Joist

/// The saved state of a virtual thread that is switched away from.
///
/// It is memory outside of Swift's properties, because no exclusive access may be open across a switch.
// Sound: only the carrier thread of the virtual thread touches it.
@safe
struct VirtualContext {
  var stackPointer: UnsafeMutableRawPointer?
  /// The scheduler or other object on the thread, as `joist_thread_current` returns it.
  var current: UnsafeMutableRawPointer?
  /// The site that contains crashes on the thread.
  var site: UnsafeMutablePointer<joist_site>?
  /// The state that Swift keeps per thread.
  var savedThreadState = unsafe joist_saved_state()
}

/// A thread of a simulation.
// Sound: only its carrier thread touches it. A thread outside that joins it waits for the carrier.
final class VirtualThread: PlatformThread, @unchecked Sendable {
  /// Its index among the threads of its simulation, in the order in which they were started.
  let number: Int
  let name: String
  let context: Handle<VirtualContext>
  private unowned let threads: VirtualThreads
  fileprivate var body: (() -> Void)?
  let stack: Handle<VirtualStack>
  /// The kind of schedule point at which the thread was interrupted; `call` also for a thread that sleeps.
  var point = SchedulePoint.call
  /// The address of the word that the thread sleeps on; zero if it does not sleep.
  var waitsOn: UInt = 0
  /// The latest time at which its sleep ends.
  var deadline: Int64?
  var hasEnded = false
  /// Whether the thread is not one of the runtime's own; a run lasts until all such threads have ended.
  var isExtra = false
  /// Whether the thread let the owner of a lock run, and no other thread has made progress since.
  var hasYielded = false
  /// The time before which the thread does not run.
  var stuckUntil: Int64 = 0
  /// Whether the process on the thread must yield at its next suspension point.
  var mustYield = false

  init(number: Int, name: String, threads: VirtualThreads, _ body: @escaping () -> Void) {
    self.number = number
    self.name = name
    self.threads = threads
    self.body = body
    context = .allocate(VirtualContext())
    stack = VirtualStack.take()
  }

  deinit {
    stack.giveBack()
    context.free()
  }

  // Sound: the stack belongs to this thread, and the thread outlives its first frame.
  /// Lays out the first frame on the stack.
  func lay() {
    let argument = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe context.it.stackPointer = joist_stack_lay(stack.it.top, { unsafe VirtualThread.begin($0) }, argument)
  }

  // Sound: as above. The frame that is never resumed retains nothing.
  private static func begin(_ argument: UnsafeMutableRawPointer) {
    let thread = unsafe Unmanaged<VirtualThread>.fromOpaque(argument)
    let (own, carrier) = unsafe thread._withUnsafeGuaranteedRef { $0.runBody() }
    unsafe joist_switch(&own.it.stackPointer, carrier.it.stackPointer!)
  }

  /// Runs the body and returns the contexts for the last switch, from this thread to the carrier.
  @inline(never)
  private func runBody() -> (own: Handle<VirtualContext>, carrier: Handle<VirtualContext>) {
    body.take()!()
    return (context, threads.end(self))
  }

  func join() { threads.wait(until: { [self] in hasEnded }, or: nil, "the end of \(name)") }

  var isCurrent: Bool { threads.running === self }

  /// Returns whether the thread can run at a time.
  func isRunnable(_ now: Int64) -> Bool {
    if hasEnded || stuckUntil > now { return false }
    if waitsOn == 0 { return true }
    return deadline.map { $0 <= now } ?? false
  }
}
