// SPDX-License-Identifier: Apache-2.0
//
// A crashed task never completes, and what it held is never released. So a program that runs for long has to bound the
// number of its crashes.

public import Joist
import Synchronization

/// The number of crashed tasks that a program can bear, and what happens then.
///
/// Each crashed task keeps its own memory, some kilobytes, and what it held. How much that is, only the program knows.
public struct CrashBudget: Sendable {
  /// The number of crashed tasks that uses the budget up.
  public var tasks: Int
  /// What happens then, such as an orderly end of the program, which a service manager starts again.
  public var whenUsedUp: @Sendable () -> Void

  /// Makes a budget.
  ///
  /// - Parameters:
  ///   - tasks: The number of crashed tasks that uses the budget up.
  ///   - whenUsedUp: What happens then. Called once for each such number of crashes, in a process; it may crash, and
  ///     must not block.
  public init(tasks: Int, whenUsedUp: @escaping @Sendable () -> Void) {
    self.tasks = max(tasks, 1)
    self.whenUsedUp = whenUsedUp
  }
}

/// The number of tasks that have crashed.
// Ordering: relaxed, because it only counts.
struct CrashCount: ~Copyable {
  private let value = Atomic<Int>(0)

  var total: Int { value.load(ordering: .relaxed) }

  /// Counts one more, and returns the new number.
  func add() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
}

extension TaskRunner {
  /// Counts a crashed task; calls the program if that uses its budget up.
  func countCrash() {
    let count = crashes.add()
    guard let budget = options.crashBudget, count % budget.tasks == 0 else { return }
    apart(budget.whenUsedUp)
  }
}

extension ProcessRuntime {
  /// The number of tasks that have crashed since this runtime runs the tasks of the program.
  ///
  /// None of them has released its memory, or what it held.
  public var crashedTasks: Int { runsTasks ? TaskRunner.installed!.crashes.total : 0 }
}
