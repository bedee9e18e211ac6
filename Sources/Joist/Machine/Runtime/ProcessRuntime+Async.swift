// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a runtime from `async` code: a new thread waits, and the task is suspended meanwhile.

extension ProcessRuntime {
  /// Waits until the runtime is idle, and suspends the task meanwhile.
  ///
  /// Means what the call for plain threads means. Starts a thread, which waits. Cancelling the task does not end the
  /// wait.
  public func waitUntilIdle() async {
    await onThread(named: "joist-waiting") { self.waitUntilIdle() }
  }

  /// Waits at most `timeout` until the runtime is idle, and suspends the task meanwhile.
  ///
  /// Starts a thread, which waits. Cancelling the task does not end the wait.
  ///
  /// - Returns: Whether the runtime became idle in time.
  public func waitUntilIdle(timeout: Duration) async -> Bool {
    await onThread(named: "joist-waiting") { self.waitUntilIdle(timeout: timeout) }
  }

  /// Shuts the runtime down, and suspends the task meanwhile.
  ///
  /// Means what the call for plain threads means. Starts a thread, which waits.
  ///
  /// - Parameter deadline: How long the processes have to exit before they are killed.
  /// - Returns: The processes that did not end.
  @discardableResult
  public func shutdown(deadline: Duration = .seconds(5)) async -> [ProcessID] {
    await onThread(named: "joist-shutdown") { self.shutdown(deadline: deadline) }
  }

  /// Runs a call that blocks its thread on a new thread, or on the task's own if no thread can be started.
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
