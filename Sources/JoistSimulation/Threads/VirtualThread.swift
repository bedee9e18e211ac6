// SPDX-License-Identifier: Apache-2.0
//
// A simulated thread: a stack of its own, and what belongs to a thread and not to the code on it.

import CJoist
import Joist

/// Where a virtual thread goes on, kept outside of Swift's properties: no access may be open across a switch.
// Sound: touched by the carrier that the thread belongs to, and by nobody else.
@safe
struct VirtualContext {
  var stackPointer: UnsafeMutableRawPointer?
  /// What runs on it as `joist_thread_current` says, and whose faults are contained.
  var current: UnsafeMutableRawPointer?
  var site: UnsafeMutablePointer<joist_site>?
  /// What Swift keeps per thread, while it does not run.
  var savedThreadState = unsafe joist_saved_state()
}

/// A thread of a simulation.
// Sound: only its carrier touches it; whoever joins it from outside waits for the carrier.
final class VirtualThread: PlatformThread, @unchecked Sendable {
  /// Its place among the threads of its simulation, in the order in which they were started.
  let number: Int
  let name: String
  let context: Handle<VirtualContext>
  private unowned let threads: VirtualThreads
  fileprivate var body: (() -> Void)?
  let stack: Handle<VirtualStack>
  /// Where it was left.
  var place = SchedulePoint.call
  /// The word that it waits on; zero while it does not wait.
  var waitsOn: UInt = 0
  /// When its wait ends at the latest.
  var deadline: Int64?
  var hasEnded = false
  /// It is not the runtime's own: a run is over when it has ended.
  var isExtra = false
  /// It gave way to whoever has a lock, and no other thread has gone on since.
  var hasYielded = false
  /// It does not go on before that time.
  var stuckUntil: Int64 = 0
  /// The process that it runs is to leave at its next suspension point.
  var isToLeave = false

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

  // Sound: the stack is this thread's, which outlives its first frame.
  /// Lays its first frame.
  func lay() {
    let argument = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe context.it.stackPointer = joist_stack_lay(stack.it.top, { unsafe VirtualThread.begin($0) }, argument)
  }

  // Sound: as above; and nothing is retained by the frame that is left for ever.
  private static func begin(_ argument: UnsafeMutableRawPointer) {
    let thread = unsafe Unmanaged<VirtualThread>.fromOpaque(argument)
    let (own, carrier) = unsafe thread._withUnsafeGuaranteedRef { $0.live() }
    unsafe joist_switch(&own.it.stackPointer, carrier.it.stackPointer!)
  }

  /// All that it does; then the contexts between which it is left.
  @inline(never)
  private func live() -> (own: Handle<VirtualContext>, carrier: Handle<VirtualContext>) {
    body.take()!()
    return (context, threads.end(self))
  }

  func join() { threads.wait(until: { [self] in hasEnded }, or: nil, "the end of \(name)") }

  var isCurrent: Bool { threads.running === self }

  /// Whether it can go on at that time.
  func isRunnable(_ now: Int64) -> Bool {
    if hasEnded || stuckUntil > now { return false }
    if waitsOn == 0 { return true }
    return deadline.map { $0 <= now } ?? false
  }
}
