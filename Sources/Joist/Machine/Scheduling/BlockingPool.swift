// SPDX-License-Identifier: Apache-2.0
//
// Threads for `blocking`: one for each closure that blocks, up to a limit. Idle threads end after a while.
//
// X6. A closure runs on a stack of the pool instead of its thread's own. So if it crashes, its process ends and the
//     program goes on: the thread leaves that stack, and the waiting process ends for the same reason.
//
// A process that has submitted a job is parked until the job is done. It reads `isDone`; the wake-up is only a hint.
// `inProgress` counts a job until its process has been woken, so that the runtime is not idle before. The thread that
// counts the last job off checks whether the runtime is idle now. It does so under the pool's lock, and not after the
// pool was closed, because the core may belong to another runtime by then. Malloc is not called under the pool's lock,
// because it may fail: the queue gets its spare capacity before.

import Synchronization

/// The thread pool of one runtime.
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
    /// Whether it was reported that closures wait for a thread, and some have waited ever since.
    var isUsedUp = false
  }

  init(_ platform: any Platform, maxThreads: Int) {
    self.platform = platform
    self.maxThreads = maxThreads
  }

  /// The number of submitted jobs whose processes have not been woken yet.
  // Ordering: acquiring pairs with the release in `runOne`: a reader that sees a job removed sees that its process was
  // woken (ID2). A job is added by a scheduler, which is awake.
  var inProgress: Int { jobs.load(ordering: .acquiring) }

  /// The number of threads that run a closure.
  var busyThreads: Int { state.withLock { $0.threads - $0.idle } }

  /// Queues the job for a thread of the pool; runs it here, on the process's stack, if there is no thread for it.
  func submit(_ job: any RunnableJob) {
    let (needsThread, isNewlyUsedUp) = withSpareCapacity { state -> (Bool, Bool) in
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
    if !needsThread { return work.ring(platform) }
    if !startThread(for: job.core) {
      // The job is run here only if no thread has taken it. Another job's crash would not be this process's.
      let isLeft = state.withLock { state in
        state.threads -= 1
        let index = state.queue.firstIndex { $0 === job }
        if let index { state.queue.remove(at: index) }
        return index != nil
      }
      guard isLeft else { return }
      // The process runs meanwhile, so the runtime is not idle; and the process may crash here.
      jobs.wrappingSubtract(1, ordering: .relaxed)
      job.run()
    }
  }

  /// Calls a closure under the lock, with a queue that has spare capacity for one more job.
  private func withSpareCapacity<R>(_ body: (inout State) -> R) -> R {
    var storage: [any RunnableJob] = []
    while true {
      var size = 0
      let result: R? = state.withLock { state in
        size = state.queue.count
        return state.queue.hasRoom(&storage) ? body(&state) : nil
      }
      if let result { return result }
      storage.reserveCapacity(max(4, 2 * size))
    }
  }

  /// Ends the threads as soon as they have nothing to do.
  func close() {
    state.withLock { $0.isClosed = true }
    work.ring(platform, all: true)
  }

  /// Starts a thread with a stack for closures; returns false if the system provides no thread or no stack.
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

  /// Reports what the system did not provide; returns false.
  private func report(_ error: ResourceError, _ core: Handle<RuntimeCore>) -> Bool {
    core.it.reports.add(core, about: ProcessID(bits: 0)) { .resourceMissing(error) }
    return false
  }

  /// Runs jobs until there has been none for a while: the body of a pool thread.
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

  /// Runs a queued job; returns false if there is none.
  private func runOne(on stack: Handle<BlockingStack>) -> Bool {
    guard let job = takeJob() else { return false }
    let core = job.core
    if let crash = stack.run(job) { job.fail(crash) }
    ForkedChild.refuse("a blocking closure ended")
    state.withLock { state in
      // Ordering: releasing for `inProgress`; `mayHaveCome` has the fence (ID1).
      let before = jobs.wrappingSubtract(1, ordering: .releasing).oldValue
      if before == 1 && !state.isClosed { core.it.quiescence.mayHaveCome(core) }
    }
    return true
  }
}

/// A job regardless of the type of its result.
protocol RunnableJob: AnyObject, Sendable {
  /// The process that waits for the job; set before it is submitted.
  var process: ProcessHandle? { get }
  /// The runtime of that process.
  var core: Handle<RuntimeCore> { get }
  /// Runs the job and wakes its process.
  func run()
  /// Notes the reason of the job's crash and wakes its process.
  func fail(_ reason: ExitReason)
}

/// A closure and its result.
// Sound: the closure and the result are used by the process until it submits the job, then by a thread of the pool
// until `isDone`, then by the process again.
final class BlockingJob<Success: ~Copyable, Failure: Error>: RunnableJob, @unchecked Sendable {
  private var body: (() throws(Failure) -> sending Success)?
  private var result: Result<Success, Failure>?
  /// The reason of the closure's crash.
  private(set) var crash: ExitReason?
  private let done = Atomic<Bool>(false)
  fileprivate(set) var process: ProcessHandle?

  init(_ body: sending @escaping () throws(Failure) -> sending Success) { self.body = body }

  var core: Handle<RuntimeCore> { process!.home }

  /// Whether the result is available.
  // Ordering: acquiring pairs with `finish`. A wake-up that was raised before the wait is cleared, which acquires it,
  // too.
  var isDone: Bool { done.load(ordering: .acquiring) }

  func run() {
    runBody()
    finish()
  }

  /// Runs the closure and destroys what it captured before it returns, so that a crash in that is the process's, too.
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
    // Ordering: releasing publishes the result to `isDone`. The process is signalled and claimed after that (G2).
    done.store(true, ordering: .releasing)
    process.rouse(.woken, from: Scheduler.current)
  }

  /// Moves the result out; called once.
  func takeResult() throws(Failure) -> sending Success {
    switch result.take()! {
    case .success(let value): return value
    case .failure(let error): throw error
    }
  }
}

extension Handle<ProcessRecord> {
  /// Has a job run and waits until it is done.
  ///
  /// Neither an exit nor a suspension ends the wait.
  func runBlocking<Success: ~Copyable, Failure>(_ job: BlockingJob<Success, Failure>) {
    // Not after the closure was handed over: it wakes its process, which would have crashed by then.
    if Scheduler.current!.isInTask { Handle<Scheduler>.refuseWaitInTask() }
    job.process = self
    noteHandOn()
    home.it.blocking.submit(job)
    it.flags.insert(.killable)
    while !job.isDone { wait(.blocking, on: Scheduler.current!) }
    it.flags.remove(.killable)
    if let crash = job.crash { die(crash) }
  }
}
