// SPDX-License-Identifier: Apache-2.0
//
// The stacks of all processes, grouped, and what processes wait for.

import Foundation
import Joist

extension RuntimeInspector {
  /// The limits of a look at all stacks: a stack is read in about a microsecond.
  private static var mostStacks: Int { 1_000_000 }
  private static var longestLook: Duration { .seconds(5) }
  private static var examples: Int { 3 }

  /// A group of processes, before its stack has names.
  private struct Group {
    var count = 0
    var longestWait = Duration.zero
    var examples: [ProcessID] = []
  }

  private struct GroupKey: Hashable {
    let state: String
    let backtrace: [UInt]
  }

  /// Groups the processes by their stacks, the largest groups first.
  public func stacks(limit: Int) -> [StackGroup] { stacks(limit: limit, namesUntil: nil) }

  /// Returns the groups; after a time, functions that were not looked up before have no names.
  func stacks(limit: Int, namesUntil last: ContinuousClock.Instant?) -> [StackGroup] {
    var groups: [GroupKey: Group] = [:]
    var seen = 0
    let end = ContinuousClock.now + Self.longestLook
    observed.forEachStack { process, backtrace in
      let key = GroupKey(state: process.waitReason.map { "\($0)" } ?? "\(process.state)", backtrace: backtrace)
      var group = groups[key] ?? Group()
      group.count += 1
      group.longestWait = max(group.longestWait, process.waitingFor ?? .zero)
      if group.examples.count < Self.examples { group.examples.append(process.id) }
      groups[key] = group
      seen += 1
      return seen < Self.mostStacks && (seen % 1_024 != 0 || ContinuousClock.now < end)
    }
    let largest = groups.sorted { one, other in
      (other.value.count, one.key.state, one.value.examples[0]) < (
        one.value.count, other.key.state, other.value.examples[0]
      )
    }
    let names = nameTable
    return largest.prefix(limit).map { key, group in
      StackGroup(
        count: group.count,
        state: key.state,
        longestWaitNanoseconds: group.longestWait.nanoseconds,
        stack: frames(of: key.backtrace, namesUntil: last),
        examples: group.examples.map { WaitList.label("\($0)", names[$0]) }
      )
    }
  }

  /// Lists the circles of waits, the longest waits, and hints at those that may last forever.
  public func waits(limit: Int) -> WaitList { waits(limit: limit, namesUntil: nil) }

  /// Returns the waits; after a time, functions that were not looked up before have no names.
  func waits(limit: Int, namesUntil last: ContinuousClock.Instant?) -> WaitList {
    let names = nameTable
    let circles = observed.deadlocks.prefix(limit).map { deadlock in
      WaitList.Circle(edges: deadlock.waits.map { describe($0, names, last) }, isCertain: deadlock.isCertain)
    }
    let longest = observed.awaitedProcesses
      .sorted { ($1.waiter.waitingFor ?? .zero, $0.waiter.id) < ($0.waiter.waitingFor ?? .zero, $1.waiter.id) }
      .prefix(limit)
      .map { wait in
        WaitList.Edge(
          waiter: "\(wait.waiter.id)",
          awaited: "\(wait.awaited.id)",
          waiterName: names[wait.waiter.id],
          awaitedName: names[wait.awaited.id],
          kind: wait.waiter.waitReason?.kindOfWait ?? "call",
          nanoseconds: wait.waiter.waitingFor?.nanoseconds ?? 0,
          hasTimeout: wait.hasTimeout,
          stack: frames(of: observed.backtrace(of: wait.waiter.id), namesUntil: last)
        )
      }
    let hints = observed.waitHints().prefix(limit).map { hint in
      let reason =
        switch hint.kind {
        case .callNotReceived(let callee):
          "calls \(WaitList.label("\(callee)", names[callee])), which waits for other messages"
        case .outOfReach: "waits for messages, and nothing that is known leads to it"
        }
      return WaitList.Hint(
        process: "\(hint.process)",
        name: names[hint.process],
        reason: reason,
        nanoseconds: hint.waitingFor.nanoseconds
      )
    }
    let stalled = observed.stall.map { $0.waiting.values.reduce(0, +) }
    return WaitList(circles: Array(circles), longest: Array(longest), hints: Array(hints), stalled: stalled)
  }

  private func frames(of backtrace: [UInt], namesUntil last: ContinuousClock.Instant?) -> [StackFrame] {
    if let last, ContinuousClock.now >= last { return backtrace.map { StackFrame(address: $0) } }
    return symbols.frames(of: backtrace)
  }

  private func describe(
    _ wait: Deadlock.Wait,
    _ names: [ProcessID: String],
    _ last: ContinuousClock.Instant?
  ) -> WaitList.Edge {
    WaitList.Edge(
      waiter: "\(wait.process)",
      awaited: "\(wait.awaited)",
      waiterName: names[wait.process],
      awaitedName: names[wait.awaited],
      kind: wait.reason.kindOfWait,
      nanoseconds: wait.waitingFor.nanoseconds,
      hasTimeout: wait.hasTimeout,
      stack: frames(of: wait.backtrace, namesUntil: last)
    )
  }

  /// The supervision tree().
  public func supervisionTree() -> [SupervisionNode] {
    var children: [ProcessID: [(id: ProcessID, child: Report.Child)]] = [:]
    var isChild: Set<ProcessID> = []
    for process in observed.processStatistics {
      guard let child = observed.snapshot(of: process.id)?.child else { continue }
      children[child.supervisor, default: []].append((process.id, child))
      isChild.insert(process.id)
    }
    let names = nameTable
    let roots = children.keys.filter { !isChild.contains($0) }.sorted()
    return roots.map { node($0, names[$0], attempt: 1, children, names, depth: 0) }
  }

  /// The depth at which a tree is cut: a supervisor that is its own descendant would otherwise never end.
  private static var deepestTree: Int { 200 }

  private func node(
    _ id: ProcessID,
    _ name: String?,
    attempt: Int,
    _ children: [ProcessID: [(id: ProcessID, child: Report.Child)]],
    _ names: [ProcessID: String],
    depth: Int
  ) -> SupervisionNode {
    let own = depth < Self.deepestTree ? children[id] ?? [] : []
    return SupervisionNode(
      id: "\(id)",
      name: name,
      isSupervisor: children[id] != nil,
      attempt: attempt,
      children: own.sorted { $0.id < $1.id }.map { entry in
        let name = entry.child.name.isEmpty ? names[entry.id] : entry.child.name
        return node(entry.id, name, attempt: entry.child.attempt, children, names, depth: depth + 1)
      }
    )
  }
}

extension WaitReason {
  /// The reason, as a wait for another process is called.
  fileprivate var kindOfWait: String { self == .turn ? "lock" : "\(self)" }
}
