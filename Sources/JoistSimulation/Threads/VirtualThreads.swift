// SPDX-License-Identifier: Apache-2.0
//
// The virtual threads of a simulation. They all run on one carrier thread, one at a time, and a strategy chooses which.
//
// A virtual thread is switched away from only at a schedule point (`SchedulePoint`), in a wait or at its end, and
// resumes there. The code that chooses runs on the carrier's own stack: a thread switches to it, and it switches to the
// next thread. Each step adds a short, fixed time to the clock. When no thread can run, the clock jumps to the next
// deadline. A thread that spins for a lock (`.relinquished`) is not chosen again before another thread has made
// progress, unless no other thread can run.

import CJoist
import Joist

/// The schedule control of the carrier thread, with the object that serves it.
///
/// `joist_thread_schedule_control` returns its address.
// Sound: `VirtualThreads` allocates and frees it, and outlives its use by the thread.
@safe
struct ScheduleControl {
  /// The part that C sees, which must be the first field.
  var base: joist_schedule_control
  fileprivate var threads: Unmanaged<VirtualThreads>?
}

/// The threads of one simulation.
// Sound: only code on the carrier thread touches the contexts, the words and the schedule control.
final class VirtualThreads {
  let carrier: CarrierThread
  private(set) var all: [VirtualThread] = []
  /// The thread that runs; nil while the carrier chooses.
  private(set) var running: VirtualThread?
  /// The thread that ran last.
  private var last: VirtualThread?
  private let carrierContext: Handle<VirtualContext>
  private let control: Handle<ScheduleControl>
  /// The simulated time in nanoseconds.
  private(set) var now: Int64 = 1_000_000_000
  var decider: Decider
  /// A closure called after every step with the thread that took it.
  var afterStep: (VirtualThread) -> Void = { _ in }
  /// A closure called while every thread waits, before time jumps or `drive` returns.
  var atRest: () -> Void = {}
  /// The faults that the strategy may choose instead of a step of a thread.
  var faults: any FaultInjector = NoFaultInjector()
  /// Whether threads are interrupted between atomic steps too.
  var isFine = false
  /// The number of steps so far.
  private(set) var steps = 0
  /// The number of steps after which the run fails.
  var maxSteps = Int.max
  /// The first failure; once it is set, no thread runs any more.
  var failure: String?
  private let clock: TickClock
  private var choices: [Int] = []

  // Sound: the object owns the memory until its end.
  init(carrier: CarrierThread, clock: TickClock, decider: Decider) {
    self.carrier = carrier
    self.clock = clock
    self.decider = decider
    carrierContext = .allocate(VirtualContext())
    let base = unsafe joist_schedule_control(at: { unsafe VirtualThreads.reached($0, $1) }, platform: nil)
    control = unsafe .allocate(ScheduleControl(base: base, threads: nil))
    unsafe control.it.threads = unsafe Unmanaged.passUnretained(self)
    clock.set(UInt64(now))
  }

  deinit {
    control.free()
    carrierContext.free()
  }

  // Sound: the platform outlives the threads.
  /// Sets the platform that stands for the machine on these threads.
  func setPlatform(_ platform: AnyObject) {
    unsafe control.it.base.platform = UnsafeRawPointer(Unmanaged.passUnretained(platform).toOpaque())
  }

  /// Creates a thread, which first runs when the strategy chooses it.
  func start(_ name: String, _ body: @escaping () -> Void) -> VirtualThread {
    let thread = VirtualThread(number: all.count, name: name, threads: self, body)
    all.append(thread)
    thread.lay()
    return thread
  }

  /// Whether all threads that are not the runtime's own have ended.
  var haveExtrasEnded: Bool { !all.contains { $0.isExtra && !$0.hasEnded } }

  /// Whether a thread is at a schedule point inside an operation, where rules may be broken temporarily.
  var isAnyBetweenCalls: Bool {
    for thread in all where thread.point != .call && !thread.hasEnded { return true }
    return false
  }

  var haveAllEnded: Bool { all.allSatisfy(\.hasEnded) }

  func passTime(_ nanoseconds: Int64) {
    now += nanoseconds
    clock.set(UInt64(now))
  }

  // MARK: On virtual threads

  // Sound: C passes the address that it was given.
  private static func reached(_ base: UnsafeMutablePointer<joist_schedule_control>?, _ point: Int32) -> Bool {
    let control = unsafe UnsafeRawPointer(base!).assumingMemoryBound(to: ScheduleControl.self)
    return unsafe control.pointee.threads!._withUnsafeGuaranteedRef { $0.reach(SchedulePoint(rawValue: point)!) }
  }

  private func reach(_ point: SchedulePoint) -> Bool {
    guard let thread = running, point != .step || isFine else { return false }
    if point == .admission { return faults.isFull(&decider) }
    thread.point = point
    thread.hasYielded = point == .relinquished
    pause(thread)
    let mustYield = thread.mustYield
    thread.mustYield = false
    return mustYield
  }

  // Sound: the thread alone owns its context, and the carrier's context is the one from which it switched here.
  /// Switches to the carrier, and returns when the carrier resumes this thread.
  @inline(never)
  private func pause(_ thread: VirtualThread) {
    leave(thread)
    unsafe joist_switch(&thread.context.it.stackPointer, carrierContext.it.stackPointer!)
  }

  /// Saves the per-thread state of the code on the thread into its context.
  private func leave(_ thread: VirtualThread) {
    let context = thread.context
    unsafe context.it.current = joist_thread_current()
    unsafe context.it.site = joist_faults_site()
    unsafe joist_words_remove(&carrier.words.it, &context.it.savedThreadState)
  }

  /// Marks a thread as ended and returns the carrier's context, to which it switches for the last time.
  func end(_ thread: VirtualThread) -> Handle<VirtualContext> {
    thread.hasEnded = true
    leave(thread)
    return carrierContext
  }

  /// Puts the running thread to sleep on a word until it is woken or the deadline passes.
  func sleep(on word: UInt, until deadline: Int64?) {
    let thread = running!
    thread.point = .call
    thread.waitsOn = word
    thread.deadline = deadline
    pause(thread)
    thread.waitsOn = 0
    thread.deadline = nil
  }

  /// Wakes all threads that sleep on a word, or the first of them.
  func wake(_ word: UInt, all isAll: Bool) {
    for thread in all where thread.waitsOn == word {
      thread.waitsOn = 0
      if !isAll { return }
    }
  }

  // MARK: On the carrier thread

  /// Waits until a condition holds or the deadline passes.
  ///
  /// On a virtual thread, lets other threads run meanwhile. Elsewhere, drives the simulation.
  func wait(until isDone: () -> Bool, or deadline: Int64?, _ what: @autoclosure () -> String) {
    if running != nil {
      while !isDone() && (deadline.map { now < $0 } ?? true) {
        running!.hasYielded = true
        pause(running!)
      }
    } else {
      carrier.perform { drive(until: isDone, or: deadline, what()) }
    }
  }

  private func drive(until isDone: () -> Bool, or deadline: Int64?, _ what: @autoclosure () -> String) {
    let end = drive(until: isDone, before: deadline)
    if end == .rest, failure == nil, deadline == nil {
      fail("nothing can run any more, but \(what()) is waited for")
    }
    if failure != nil { carrier.abandon(self) }
  }

  /// Why `drive` returned.
  enum End {
    /// The condition holds.
    case done
    /// No thread can run, and no deadline is left.
    case rest
    /// The deadline has passed.
    case time
    case failed
  }

  // Sound: the carrier's words are those of this thread.
  /// Runs threads until a condition holds, no thread can run any more, the deadline passes or the run fails.
  func drive(until isDone: () -> Bool, before deadline: Int64?, passingTime: Bool = true) -> End {
    precondition(running == nil, "a simulation must be driven from outside its own threads")
    unsafe joist_thread_set_schedule_control(&control.it.base)
    unsafe joist_words_remove(&carrier.words.it, &carrierContext.it.savedThreadState)
    defer {
      unsafe joist_words_install(&carrier.words.it, &carrierContext.it.savedThreadState)
      joist_thread_set_schedule_control(nil)
    }
    while true {
      if failure != nil { return .failed }
      if isDone() { return .done }
      if let deadline, now >= deadline { return .time }
      if !takeStep() {
        atRest()
        guard passingTime, let next = nextDeadline(before: deadline) else { return .rest }
        passTime(max(0, next - now) + faults.lateness(&decider))
      }
    }
  }

  private func nextDeadline(before deadline: Int64?) -> Int64? {
    var next = deadline
    for thread in all where !thread.hasEnded {
      if thread.stuckUntil > now {
        next = min(next ?? .max, thread.stuckUntil)
      } else if thread.waitsOn != 0, let deadline = thread.deadline, deadline < .max - 1 {
        next = min(next ?? deadline, deadline)
      }
    }
    return next
  }

  /// Runs one thread for a step, or injects a fault; returns false if no thread can run.
  private func takeStep() -> Bool {
    choices.removeAll(keepingCapacity: true)
    var yielded: VirtualThread?
    if let last, last.isRunnable(now) { if last.hasYielded { yielded = last } else { choices.append(last.number) } }
    for thread in all where thread !== last && thread.isRunnable(now) {
      if thread.hasYielded { yielded = yielded ?? thread } else { choices.append(thread.number) }
    }
    if choices.isEmpty {
      guard let yielded else { return false }
      for thread in all { thread.hasYielded = false }
      choices.append(yielded.number)
      for thread in all where thread !== yielded && thread.isRunnable(now) { choices.append(thread.number) }
    }
    let continues = last.map { $0.number == choices[0] } ?? false
    let options = faults.count(self, continuing: continues ? last : nil)
    let chosen = decider.choose(choices, continues: continues, faults: options)
    steps += 1
    if steps > maxSteps { fail("the run did not end within \(maxSteps) steps") }
    if chosen >= choices.count {
      faults.inject(chosen - choices.count, self, continuing: continues ? last : nil)
    } else {
      resume(all[choices[chosen]])
    }
    return true
  }

  func fail(_ reason: String) { if failure == nil { failure = reason } }

  // Sound: the thread is paused and its context is complete. `drive` has saved the carrier's own state.
  private func resume(_ thread: VirtualThread) {
    running = thread
    last = thread
    let context = thread.context
    unsafe joist_thread_set_current(context.it.current)
    unsafe joist_faults_enter(context.it.site)
    unsafe joist_words_install(&carrier.words.it, &context.it.savedThreadState)
    unsafe joist_switch(&carrierContext.it.stackPointer, context.it.stackPointer!)
    joist_thread_set_current(nil)
    joist_faults_enter(nil)
    running = nil
    if !thread.hasYielded { for other in all where other.hasYielded { other.hasYielded = false } }
    passTime(Int64(decider.stepNanoseconds))
    afterStep(thread)
  }
}
