// SPDX-License-Identifier: Apache-2.0
//
// Threads for `blocking`: as many as there are closures that block, up to a limit; idle ones end after a while.
// X1. A process that submitted a job is parked until the job is done. It looks at `isDone`; the wake is only a hint.
// X6. A closure runs on a stack that is its thread's and not the system's, so that a crash in it ends its process and
//     not the program: the thread leaves that stack, and the process that waits ends for that reason.
// X2. `inProgress` counts a job until its process has been woken, so that the runtime is not idle before; whoever takes
//     the last one off looks whether it is now. That is done under the pool's lock, and not after it was closed: the
//     core may be another runtime's then.
// X9. Malloc is not called under the pool's lock, for it may fail: the queue has more room made before.

import Synchronization

/// The pool of one runtime.
final class BlockingPool: Sendable {
  private let platform: any Platform
  private let maxThreads: Int
  private let state = Mutex(State())
  private let work = WaitWord()
  private let jobs = Atomic<Int>(0)

  struct State {
    var queue: [any RunnableJob] = []
    var threads = 0
    var idle = 0
    var isClosed = false
    /// It was reported that closures wait for a thread, and some have waited ever since.
    var isUsedUp = false
  }

  init(_ platform: any Platform, maxThreads: Int) {
    self.platform = platform
    self.maxThreads = maxThreads
  }

  /// Jobs that were submitted and whose processes have not been woken (X2).
  // Ordering: acquiring pairs with the release in `runOne`: who sees a job taken off sees that its process was woken
  // (ID2). It is put on by a scheduler, which is awake.
  var inProgress: Int { jobs.load(ordering: .acquiring) }

  /// Has a thread run the job soon; runs it here, on the process's stack, where there is no thread for it.
  func submit(_ job: any RunnableJob) {
    let (needsThread, isNewlyUsedUp) = withRoomForOne { state -> (Bool, Bool) in
      jobs.wrappingAdd(1, ordering: .relaxed)
      state.queue.append(job)
      if state.idle >= state.queue.count { return (false, false) }
      guard state.threads < maxThreads else {
        defer { state.isUsedUp = true }
        return (false, !state.isUsedUp)
      }
      state.threads += 1
      return (true, false)
    }
    if isNewlyUsedUp {
      let core = job.core
      core.it.reports.add(core, about: ProcessID(bits: 0)) { .blockingThreadsUsedUp(limit: maxThreads) }
    }
    if !needsThread { return work.signal(platform) }
    if !startThread(for: job.core) {
      // Its own job, if no other thread has taken it: another's crash would not be its process's.
      let isLeft = state.withLock { state in
        state.threads -= 1
        let index = state.queue.firstIndex { $0 === job }
        if let index { state.queue.remove(at: index) }
        return index != nil
      }
      guard isLeft else { return }
      // The process runs meanwhile, so nothing is idle; and it may crash here.
      jobs.wrappingSubtract(1, ordering: .relaxed)
      job.run()
    }
  }

  /// Does something under the lock with a queue that has room for one more job (X9).
  private func withRoomForOne<R>(_ body: (inout State) -> R) -> R {
    var room: [any RunnableJob] = []
    while true {
      var size = 0
      let result: R? = state.withLock { state in
        size = state.queue.count
        return state.queue.hasRoom(&room) ? body(&state) : nil
      }
      if let result { return result }
      room.reserveCapacity(max(4, 2 * size))
    }
  }

  /// Threads end when they have nothing to do.
  func close() {
    state.withLock { $0.isClosed = true }
    work.signal(platform, all: true)
  }

  /// Starts a thread with a stack for closures; false where there are none, and where the system gives one of them not.
  private func startThread(for core: Handle<RuntimeCore>) -> Bool {
    guard let slot = Handle<StackSlot>.dedicated(bytes: Limits.blockingStackBytes, on: platform) else {
      return report(ResourceError(what: "addresses for the stack of a closure of blocking"), core)
    }
    do throws(ResourceError) {
      if try platform.startThread(named: "joist-blocking", { self.serve(on: slot) }) != nil { return true }
    } catch {
      slot.releaseDedicated(on: platform)
      return report(error, core)
    }
    slot.releaseDedicated(on: platform)
    return false
  }

  /// Reports what the system did not give; false.
  private func report(_ error: ResourceError, _ core: Handle<RuntimeCore>) -> Bool {
    core.it.reports.add(core, about: ProcessID(bits: 0)) { .resourceMissing(error) }
    return false
  }

  /// A pool thread's life.
  private func serve(on slot: Handle<StackSlot>) {
    let stack = Handle<BlockingStack>.make(slot, platform)
    defer { stack.release() }
    while true {
      let seen = work.seen
      if runOne(on: stack) { continue }
      let isClosed = state.withLock { state in
        state.idle += 1
        return state.isClosed
      }
      if !isClosed { platform.wait(on: work, while: seen, until: platform.now() + Limits.blockingThreadIdle) }
      let ends = state.withLock { state in
        state.idle -= 1
        guard state.queue.isEmpty, isClosed || work.seen == seen else { return false }
        state.threads -= 1
        return true
      }
      if ends { return }
    }
  }

  private func takeJob() -> (any RunnableJob)? {
    state.withLock { state in
      guard !state.queue.isEmpty else { return nil }
      let job = state.queue.removeFirst()
      if state.queue.isEmpty { state.isUsedUp = false }
      return job
    }
  }

  /// Runs a queued job; false when there is none.
  private func runOne(on stack: Handle<BlockingStack>) -> Bool {
    guard let job = takeJob() else { return false }
    let core = job.core
    if let crash = stack.run(job) { job.fail(crash) }
    ForkedChild.refuse("a blocking closure ended")
    state.withLock { state in
      // Ordering: releasing for `inProgress`; `mayHaveCome` has the fence (ID1).
      let before = jobs.wrappingSubtract(1, ordering: .releasing).oldValue
      if before == 1 && !state.isClosed { core.it.idleness.mayHaveCome(core) }
    }
    return true
  }
}

/// A job without the type of its result.
protocol RunnableJob: AnyObject, Sendable {
  /// The process that waits for it; set before it is submitted.
  var process: ProcessHandle? { get }
  /// The runtime whose process waits for it.
  var core: Handle<RuntimeCore> { get }
  /// Runs it and wakes its process.
  func run()
  /// It crashed: wakes its process.
  func fail(_ reason: ExitReason)
}

/// A closure, and what comes of it.
// Sound: closure and result are touched by the process until it submits the job, by the pool's thread until `isDone`,
// and by the process again.
final class BlockingJob<Success: ~Copyable, Failure: Error>: RunnableJob, @unchecked Sendable {
  private var body: (() throws(Failure) -> sending Success)?
  private var result: Result<Success, Failure>?
  /// What it crashed of.
  private(set) var crash: ExitReason?
  private let done = Atomic<Bool>(false)
  fileprivate(set) var process: ProcessHandle?

  init(_ body: sending @escaping () throws(Failure) -> sending Success) { self.body = body }

  var core: Handle<RuntimeCore> { process!.home }

  /// Whether the result is there.
  // Ordering: acquiring pairs with `finish`. A wake that was raised before the wait is cleared, and acquires it, too.
  var isDone: Bool { done.load(ordering: .acquiring) }

  func run() {
    runBody()
    finish()
  }

  /// What the body captured is gone when this returns: a crash in that is the process's, too.
  @inline(never)
  private func runBody() {
    let body = body.take()!
    do throws(Failure) {
      result = .success(try body())
    } catch {
      result = .failure(error)
    }
  }

  func fail(_ reason: ExitReason) {
    if isDone { return }
    crash = reason
    finish()
  }

  private func finish() {
    let process = process!
    // Ordering: releasing publishes the result to `isDone`. The process is raised and claimed after it (G2).
    done.store(true, ordering: .releasing)
    process.rouse(.woken, from: Scheduler.current)
  }

  /// Moves the result out; once.
  func takeResult() throws(Failure) -> sending Success {
    switch result.take()! {
    case .success(let value): return value
    case .failure(let error): throw error
    }
  }
}

extension Handle<ProcessRecord> {
  /// Has the job run and waits for it (X1).
  ///
  /// Neither an exit nor a suspend ends the wait.
  func runBlocking<Success: ~Copyable, Failure>(_ job: BlockingJob<Success, Failure>) {
    job.process = self
    home.it.blocking.submit(job)
    it.flags.insert(.killable)
    while !job.isDone { wait(.blocking, on: Scheduler.current!) }
    it.flags.remove(.killable)
    if let crash = job.crash { die(crash) }
  }
}
