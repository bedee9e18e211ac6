// SPDX-License-Identifier: Apache-2.0
//
// The threads of a simulation: all on one thread of the system, one at a time, and a strategy says which.
// VT1. A thread is left only at a place (`SchedulePoint`), in a wait, or at its end, and goes on from there.
// VT2. What decides is on the carrier's own stack: a thread that is left goes there, and from there goes the next.
// VT3. Time stands still but for a little at each step. When no thread can go on it jumps to the next deadline.
// VT4. A thread that gave way to whoever has a lock is not taken again before another one has got on, if one can.

import CJoist
import Joist

/// The address of this is what `joist_thread_schedule_control` says; the object behind it decides.
// Sound: made and freed by `VirtualThreads`, which outlives its use of the thread.
@safe
struct ScheduleControl {
  /// First: what C sees.
  var steering: joist_schedule_control
  fileprivate var threads: Unmanaged<VirtualThreads>?
}

/// The threads of one simulation.
// Sound: contexts, words and the steering are the carrier's, and only code on it touches them.
final class VirtualThreads {
  let carrier: CarrierThread
  private(set) var all: [VirtualThread] = []
  /// The one that runs; nil while the carrier decides.
  private(set) var running: VirtualThread?
  /// The last one that ran.
  private var last: VirtualThread?
  private let base: Handle<VirtualContext>
  private let steered: Handle<ScheduleControl>
  /// Nanoseconds.
  private(set) var now: Int64 = 1_000_000_000
  var decider: Decider
  /// Called after every step, with the thread that took it.
  var afterStep: (VirtualThread) -> Void = { _ in }
  /// Called before time jumps, or the carrier gives up, while every thread waits.
  var atRest: () -> Void = {}
  /// Has something happen that is no step of a thread: kinds that a strategy may choose.
  var faults: any FaultInjector = NoFaultInjector()
  /// Whether threads are left between atomic steps as well.
  var isFine = false
  /// Steps so far, and the most there may be.
  private(set) var steps = 0
  var maxSteps = Int.max
  /// What has gone wrong, once; nothing goes on then.
  var failure: String?
  private let clock: TickClock
  private var choices: [Int] = []

  // Sound: the object has the memory until it ends.
  init(carrier: CarrierThread, clock: TickClock, decider: Decider) {
    self.carrier = carrier
    self.clock = clock
    self.decider = decider
    base = .allocate(VirtualContext())
    let steering = unsafe joist_schedule_control(at: { unsafe VirtualThreads.reached($0, $1) }, platform: nil)
    steered = unsafe .allocate(ScheduleControl(steering: steering, threads: nil))
    unsafe steered.it.threads = unsafe Unmanaged.passUnretained(self)
    clock.set(UInt64(now))
  }

  deinit {
    steered.free()
    base.free()
  }

  // Sound: the platform outlives the threads.
  /// What stands for the machine on these threads.
  func serve(_ platform: AnyObject) {
    unsafe steered.it.steering.platform = UnsafeRawPointer(Unmanaged.passUnretained(platform).toOpaque())
  }

  /// A new thread, which has not run yet.
  func start(_ name: String, _ body: @escaping () -> Void) -> VirtualThread {
    let thread = VirtualThread(number: all.count, name: name, threads: self, body)
    all.append(thread)
    thread.lay()
    return thread
  }

  /// Whether no thread is left that is not the runtime's own.
  var haveExtrasEnded: Bool { !all.contains { $0.isExtra && !$0.hasEnded } }

  /// Whether one is somewhere where rules are broken for a moment.
  var isAnyBetweenCalls: Bool {
    for thread in all where thread.place != .call && !thread.hasEnded { return true }
    return false
  }

  var haveAllEnded: Bool { all.allSatisfy(\.hasEnded) }

  func passTime(_ nanoseconds: Int64) {
    now += nanoseconds
    clock.set(UInt64(now))
  }

  // MARK: The threads' side

  // Sound: C passes on the address that it was given.
  private static func reached(_ steering: UnsafeMutablePointer<joist_schedule_control>?, _ place: Int32) -> Bool {
    let steered = unsafe UnsafeRawPointer(steering!).assumingMemoryBound(to: ScheduleControl.self)
    return unsafe steered.pointee.threads!._withUnsafeGuaranteedRef { $0.reach(SchedulePoint(rawValue: place)!) }
  }

  private func reach(_ place: SchedulePoint) -> Bool {
    guard let thread = running, place != .step || isFine else { return false }
    if place == .admission { return faults.isFull(&decider) }
    thread.place = place
    thread.hasYielded = place == .relinquished
    pause(thread)
    let leaves = thread.isToLeave
    thread.isToLeave = false
    return leaves
  }

  // Sound: the thread's context is nobody else's, and the carrier's own is where it left off (VT2).
  /// Back to the carrier, until it is this thread's turn again.
  @inline(never)
  private func pause(_ thread: VirtualThread) {
    leave(thread)
    unsafe joist_switch(&thread.context.it.stackPointer, base.it.stackPointer!)
  }

  /// Takes with it what belongs to the code on the thread.
  private func leave(_ thread: VirtualThread) {
    let context = thread.context
    unsafe context.it.current = joist_thread_current()
    unsafe context.it.site = joist_faults_site()
    unsafe joist_words_remove(&carrier.words.it, &context.it.savedThreadState)
  }

  /// The thread is about to go back to the carrier for good, where that left off.
  func end(_ thread: VirtualThread) -> Handle<VirtualContext> {
    thread.hasEnded = true
    leave(thread)
    return base
  }

  /// Sleeps while a word is as it was, until it is woken, or until that time.
  func sleep(on word: UInt, until deadline: Int64?) {
    let thread = running!
    thread.place = .call
    thread.waitsOn = word
    thread.deadline = deadline
    pause(thread)
    thread.waitsOn = 0
    thread.deadline = nil
  }

  /// Ends the sleep of who sleeps on a word: of all, or of the first.
  func wake(_ word: UInt, all isAll: Bool) {
    for thread in all where thread.waitsOn == word {
      thread.waitsOn = 0
      if !isAll { return }
    }
  }

  // MARK: The carrier's side

  /// Waits for something, as a thread of the simulation or as the code that has it go on.
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
      fail("nothing goes on any more, and \(what()) is waited for")
    }
    if failure != nil { carrier.abandon(self) }
  }

  /// How a drive ended.
  enum End { case done, rest, time, failed }

  // Sound: the carrier's words are this thread's.
  /// Has threads go on until something is so, nothing goes on by itself any more, or that time has come.
  func drive(until isDone: () -> Bool, before deadline: Int64?, passingTime: Bool = true) -> End {
    precondition(running == nil, "a simulation is driven from outside of its threads")
    unsafe joist_thread_set_schedule_control(&steered.it.steering)
    unsafe joist_words_remove(&carrier.words.it, &base.it.savedThreadState)
    defer {
      unsafe joist_words_install(&carrier.words.it, &base.it.savedThreadState)
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
      } else if thread.waitsOn != 0, let its = thread.deadline, its < .max - 1 {
        next = min(next ?? its, its)
      }
    }
    return next
  }

  /// One step of one thread (VT1, VT4), or a fault; false when no thread can go on.
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
    if steps > maxSteps { fail("it has not come to an end in \(maxSteps) steps") }
    if chosen >= choices.count {
      faults.make(chosen - choices.count, self, continuing: continues ? last : nil)
    } else {
      resume(all[choices[chosen]])
    }
    return true
  }

  func fail(_ reason: String) { if failure == nil { failure = reason } }

  // Sound: the thread is paused, its context complete; the carrier's own words are put aside (`drive`).
  private func resume(_ thread: VirtualThread) {
    running = thread
    last = thread
    let context = thread.context
    unsafe joist_thread_set_current(context.it.current)
    unsafe joist_faults_enter(context.it.site)
    unsafe joist_words_install(&carrier.words.it, &context.it.savedThreadState)
    unsafe joist_switch(&base.it.stackPointer, context.it.stackPointer!)
    joist_thread_set_current(nil)
    joist_faults_enter(nil)
    running = nil
    // VT4
    if !thread.hasYielded { for other in all where other.hasYielded { other.hasYielded = false } }
    // VT3
    passTime(Int64(decider.stepNanoseconds))
    afterStep(thread)
  }
}
