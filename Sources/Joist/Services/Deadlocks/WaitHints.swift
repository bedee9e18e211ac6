// SPDX-License-Identifier: Apache-2.0
//
// Waits that may last forever, as far as the runtime can tell. A circle of waits is a finding; what is here is a hint,
// because a reference may lie anywhere in the program's memory, where the runtime does not look for it.

import Synchronization

/// A process that may wait forever: a hint, which may be wrong.
public struct WaitHint: Sendable, Hashable {
  /// Why the wait may last forever.
  public enum Kind: Sendable, Hashable {
    /// It waits in `call` for a process that has not received the request, and waits for other messages meanwhile.
    case callNotReceived(by: ProcessID)
    /// It waits in `receive`, and no name, group, link, monitor, supervisor or timer leads to it. The process that
    /// spawned it has ended.
    case outOfReach
  }

  /// The process that waits.
  public let process: ProcessID
  /// Why its wait may last forever.
  public let kind: Kind
  /// How long it has waited.
  public let waitingFor: Duration
}

/// What waits in a runtime in which nothing can wake anything.
public struct Stall: Sendable, Hashable {
  /// The number of processes that wait, by reason.
  public let waiting: [WaitReason: Int]
}

extension ProcessRuntime {
  /// What waits, if only something from outside the runtime can wake a process; nil if a process runs or is ready, if
  /// one waits with a timeout, for a file descriptor or in `blocking`, if a message is due later, or if there is none.
  ///
  /// A server that waits for its clients is stalled while there are none, so whether that is wrong is for the program
  /// to say. Takes some milliseconds for a hundred thousand processes; does not park.
  public var stall: Stall? {
    let slices = slicesBegun
    guard core.isQuiet else { return nil }
    var waiting: [WaitReason: Int] = [:]
    for process in processStatistics {
      guard process.state != .ready, process.state != .running else { return nil }
      if let reason = process.waitReason { waiting[reason, default: 0] += 1 }
    }
    // If no slice has begun meanwhile, what was read of the processes was true of all at once.
    guard !waiting.isEmpty, waiting[.descriptor] == nil, core.isQuiet, slicesBegun == slices else { return nil }
    return Stall(waiting: waiting)
  }

  private var slicesBegun: Int { core.it.sum { $0.slices.total } }

  /// Processes that may wait forever, those that have waited longest first.
  ///
  /// Looks at all processes, and takes each candidate from its wait for less than a microsecond. Does not park.
  ///
  /// - Parameter age: How long a process must have waited to be among them.
  /// - Returns: The hints.
  public func waitHints(after age: Duration = .seconds(10)) -> [WaitHint] {
    var hints = callsNotReceived(age)
    for process in processStatistics where process.waitReason == .receive && isOld(process, age) {
      guard let parent = process.parent, core.record(of: parent) == nil, let record = core.record(of: process.id),
        process.mailboxLength == 0, record.isOutOfReach
      else { continue }
      hints.append(WaitHint(process: process.id, kind: .outOfReach, waitingFor: process.waitingFor ?? .zero))
    }
    return hints.sorted { ($1.waitingFor, $0.process) < ($0.waitingFor, $1.process) }
  }

  private func isOld(_ process: ProcessStatistics, _ age: Duration) -> Bool { (process.waitingFor ?? .zero) >= age }

  private func callsNotReceived(_ age: Duration) -> [WaitHint] {
    awaitedProcesses.compactMap { wait in
      let (caller, callee) = (wait.waiter, wait.awaited)
      guard caller.waitReason == .call, callee.waitReason == .receive, callee.mailboxLength > 0, !wait.hasTimeout,
        isOld(caller, age), isOld(callee, age)
      else { return nil }
      return WaitHint(
        process: caller.id,
        kind: .callNotReceived(by: callee.id),
        waitingFor: caller.waitingFor ?? .zero
      )
    }
  }
}

extension ProcessHandle {
  /// Whether the process waits for a message without a timeout, and nothing that the runtime keeps leads to it.
  ///
  /// False if it does not wait.
  fileprivate var isOutOfReach: Bool {
    guard it.inbox.claim() else { return false }
    defer { release() }
    return it.flags.contains(.wantsMail) && !it.flags.contains(.timed) && !hasTimers && !isKnownToServices
  }

  private var hasTimers: Bool {
    guard hasExtras else { return false }
    let extras = extras()
    return extras.it.lock.withLock { extras.it.timers.first != nil }
  }

  private var isKnownToServices: Bool {
    guard let services = servicesIfAny else { return false }
    if services.it.child != nil { return true }
    return services.it.lock.withLock { services.it.watches.count > 0 || services.it.links.count > 0 }
  }
}
