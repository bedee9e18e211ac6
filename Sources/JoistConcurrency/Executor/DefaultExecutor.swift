// SPDX-License-Identifier: Apache-2.0
//
// Joist as the default executor of Swift's runtime, which gets the jobs of yields and sleeps, too. Swift 6.3 has that
// as an unstable interface; Swift 6.2 has the hooks alone.

#if compiler(>=6.3)
  @_spi(ExperimentalCustomExecutors) @_spi(ExperimentalScheduling) import _Concurrency
  import Joist

  /// The executor of tasks that prefer none.
  @available(macOS 26.4, iOS 26.4, watchOS 26.4, tvOS 26.4, visionOS 26.4, *)
  private final class DefaultExecutor: TaskExecutor, SchedulingExecutor {
    func enqueue(_ job: consuming ExecutorJob) { TaskRunner.installed!.run(TaskJob(UnownedJob(job))) }

    func enqueue<C: Clock>(
      _ job: consuming ExecutorJob,
      after delay: C.Duration,
      tolerance: C.Duration?,
      clock: C
    ) {
      let job = TaskJob(UnownedJob(job))
      // Only Swift knows how long a time of a clock with another type of durations is.
      if let delay = delay as? Duration, TaskRunner.installed!.run(job, after: delay) { return }
      let swifts = PlatformExecutorFactory.defaultExecutor as! any SchedulingExecutor
      swifts.enqueue(ExecutorJob(job.unowned), after: delay, tolerance: tolerance, clock: clock)
    }
  }

  @available(macOS 26.4, iOS 26.4, watchOS 26.4, tvOS 26.4, visionOS 26.4, *)
  private enum Executors: ExecutorFactory {
    static var mainExecutor: any MainExecutor { PlatformExecutorFactory.mainExecutor }
    static let defaultExecutor: any TaskExecutor = DefaultExecutor()
  }

  /// Makes the runner's executor the default one of the program.
  func becomeDefaultExecutor() {
    if #available(macOS 26.4, iOS 26.4, watchOS 26.4, tvOS 26.4, visionOS 26.4, *) {
      _createExecutors(factory: Executors.self)
    }
  }

  extension TaskJob {
    /// Has the executor run the job that Swift would have without Joist.
    ///
    /// Not by the hook's way, which leads to the default executor.
    func giveToSwift() {
      guard #available(macOS 26.4, iOS 26.4, watchOS 26.4, tvOS 26.4, visionOS 26.4, *) else { return giveBack() }
      PlatformExecutorFactory.defaultExecutor.enqueue(ExecutorJob(unowned))
    }
  }
#else
  func becomeDefaultExecutor() {}

  extension TaskJob {
    /// Has the executor run the job that Swift would have without Joist.
    func giveToSwift() { giveBack() }
  }
#endif
