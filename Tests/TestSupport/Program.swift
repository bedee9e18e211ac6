// SPDX-License-Identifier: Apache-2.0
//
// Tasks are taken over once in a program, so each test does it in a program of its own.

import Foundation
package import Joist
package import JoistConcurrency

/// Runs the body in this program, whose tasks a new runtime has taken over, and ends the program: with zero if the body
/// returns true.
package func endProgram(
  _ options: TaskOptions = .init(),
  schedulers: Int = 2,
  ifHolds body: (ProcessRuntime) async throws -> Bool
) async throws -> Never {
  let runtime = try ProcessRuntime(.init(schedulers: schedulers))
  try runtime.takeOverTasks(options)
  exit(try await body(runtime) ? 0 : 1)
}

/// Returns whether guarded code ends with a crash.
package func crashes(_ runtime: ProcessRuntime, _ body: @escaping @Sendable () async throws -> Int) async -> Bool {
  do {
    _ = try await runtime.contain(body)
    return false
  } catch { return error is ContainedCrash }
}

/// Crashes with an index out of range.
@inline(never) package func crash() -> Int { [1][CommandLine.arguments.count + 9] }

/// Sleeps as a part of what is tested, and not until something has happened.
package func rest(for duration: Duration) async throws { try await ContinuousClock().sleep(for: duration) }
