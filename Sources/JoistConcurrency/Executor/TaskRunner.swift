// SPDX-License-Identifier: Apache-2.0
//
// Runs the jobs of tasks in processes: one process for each job.
//
// A job that is to run later is a message with a delay, to a process that then runs it. So a task that sleeps has no
// process meanwhile.

import CJoist
import Joist
import Synchronization

/// A job of Swift's runtime: what a task does from one suspension to the next.
// Sound: Swift's runtime enqueues a job once, and the runner that has taken it runs it once. A job is one pointer.
@safe struct TaskJob: @unchecked Sendable {
  private let address: UnsafeMutableRawPointer

  init(_ address: UnsafeMutableRawPointer) { unsafe self.address = address }
  init(_ job: UnownedJob) { unsafe address = unsafeBitCast(job, to: UnsafeMutableRawPointer.self) }

  /// The job with that address; nil for zero.
  init?(bits: UInt) {
    guard let address = unsafe UnsafeMutableRawPointer(bitPattern: bits) else { return nil }
    unsafe self.address = address
  }

  /// The address of the job.
  var bits: UInt { unsafe UInt(bitPattern: address) }

  /// Runs the job on this thread, without another executor than the global one.
  func run() { unsafe joist_job_run(address) }

  /// Gives the job back to Swift, which gave it to a hook.
  func giveBack() { unsafe joist_job_give_back(address) }

  /// The job as Swift has it.
  var unowned: UnownedJob { unsafe unsafeBitCast(address, to: UnownedJob.self) }

  /// The priority of a process for the job.
  var priority: Joist.Priority {
    switch unowned.priority.rawValue {
    case 0x19...: .high
    case 0x12...: .normal
    case 1...: .low
    default: .normal
    }
  }
}

/// What the timekeeper does when its time has come.
private enum Due: Sendable {
  case job(PendingJob)
  case deadline(TaskGuard)
}

/// Runs the tasks of the program on a runtime.
final class TaskRunner: Sendable {
  /// The address of the one that is installed, which is never released; zero if there is none.
  private static let address = Atomic<UInt>(0)

  /// The one that runs the tasks of the program; nil if Swift does.
  // Ordering: acquiring pairs with `install`, which publishes the runner.
  // Sound: the runner was retained for good when it was installed.
  static var installed: TaskRunner? {
    let pointer = unsafe UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring))
    return unsafe pointer.map { unsafe Unmanaged<TaskRunner>.fromOpaque($0).takeUnretainedValue() }
  }

  let runtime: ProcessRuntime
  let options: TaskOptions
  let crashes = CrashCount()
  private let timekeeper: ProcessRef<Due>

  init(_ runtime: ProcessRuntime, _ options: TaskOptions) throws(TaskTakeoverError) {
    self.runtime = runtime
    self.options = options
    do {
      timekeeper = try runtime.trySpawn(Due.self, options: .init(priority: .high)) { process in
        while true {
          switch try process.receive() {
          case .job(let job): TaskRunner.installed!.run(job)
          case .deadline(let around): TaskRunner.installed!.apart { around.expire() }
          }
        }
      }
    } catch { throw .runtimeRefuses }
  }

  /// Makes it the one that runs the tasks of the program; returns false if there is another one.
  // Ordering: releasing publishes the runner to `installed`.
  // Sound: a retained object has an address.
  static func install(_ runner: TaskRunner) -> Bool {
    let retained = unsafe Unmanaged.passRetained(runner)
    let bits = unsafe UInt(bitPattern: retained.toOpaque())
    if address.compareExchange(expected: 0, desired: bits, ordering: .releasing).exchanged { return true }
    unsafe retained.release()
    return false
  }

  /// Ends its process, for one that was not installed.
  func stop() { timekeeper.exit(.shutdown) }

  /// Has a process run the job, or Swift if the runtime creates none or is shut down first.
  func run(_ job: TaskJob) { run(PendingJob(job)) }

  private func run(_ pending: PendingJob) {
    _ = try? runtime.trySpawn(Never.self, options: .init(priority: pending.job.priority)) { _ in pending.run() }
  }

  /// Tells the guard after a time; the timer can be cancelled.
  func tell(_ around: TaskGuard, after delay: Duration) -> TimerID {
    runtime.sendAfter(delay, to: timekeeper, .deadline(around))
  }

  /// Has a process of its own run code of the program, such as handlers of cancellation; it may crash.
  func apart(_ body: @escaping @Sendable () -> Void) {
    let call = PendingCall(body)
    _ = try? runtime.trySpawn(Never.self) { _ in call.make() }
  }

  /// Has a process run the job after a time; returns false if the runtime creates none.
  func run(_ job: TaskJob, after delay: Duration) -> Bool {
    if delay <= .zero {
      run(job)
      return true
    }
    guard timekeeper.isAlive else { return false }
    runtime.sendAfter(delay, to: timekeeper, .job(PendingJob(job)))
    return true
  }
}
