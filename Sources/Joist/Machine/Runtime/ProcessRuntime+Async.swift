// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a runtime from `async` code: a thread that is started for it waits, and the task is suspended.

extension ProcessRuntime {
  /// Waits until the runtime is idle, without holding the thread of the task.
  ///
  /// Means what the call for plain threads means; starts a thread, which waits. Cancelling the task does not end the
  /// wait.
  public func waitUntilIdle() async {
    await onThread(named: "joist-waiting") { self.waitUntilIdle() }
  }

  /// Waits until the runtime is idle, at most for the timeout, without holding the thread of the task; false when it is
  /// not idle by then.
  public func waitUntilIdle(timeout: Duration) async -> Bool {
    await onThread(named: "joist-waiting") { self.waitUntilIdle(timeout: timeout) }
  }

  /// Shuts the runtime down without holding the thread of the task.
  ///
  /// Means what the call for plain threads means, and returns the processes that outlived it; starts a thread, which
  /// waits.
  @discardableResult
  public func shutdown(deadline: Duration = .seconds(5)) async -> [ProcessID] {
    await onThread(named: "joist-ending") { self.shutdown(deadline: deadline) }
  }

  /// Runs a call that blocks its thread on a thread of its own; on the task's where none can be started.
  private func onThread<Result: Sendable>(
    named name: String,
    _ call: @escaping @Sendable () -> Result
  ) async -> Result {
    await withCheckedContinuation { task in
      let run: @Sendable () -> Void = { task.resume(returning: call()) }
      let thread = try? core.it.platform.startThread(named: name, run)
      if thread == nil { run() }
    }
  }
}
