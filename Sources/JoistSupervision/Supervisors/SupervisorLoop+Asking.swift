// SPDX-License-Identifier: Apache-2.0
//
// The requests to a supervisor.

import Joist

extension SupervisorLoop {
  /// The answer to a `count` request.
  var count: ChildCount {
    let all = table.all
    return ChildCount(
      children: all.count,
      running: all.count(where: \.isAlive),
      supervisors: all.count(where: \.child.isSupervisor)
    )
  }

  /// Adds a child and starts it.
  mutating func start(_ child: Child, _ reply: StartReply) throws {
    if let error = obstacle(to: child) { return reply.send(.failure(error)) }
    var entry = ChildEntry(child, .ended)
    entry.isNew = true
    try launch(table.add(entry), reply)
  }

  /// Returns why the child cannot be added, or nil if it can.
  private func obstacle(to child: Child) -> SupervisorError? {
    if table.count >= plan.maximum { return .tooManyChildren(plan.maximum) }
    if !plan.isDynamic && table.named(child.name) != nil { return .duplicateChild(child.name) }
    return plan.obstacle(to: child)
  }

  /// Starts a child that has ended.
  mutating func restart(_ name: String, _ reply: StartReply) throws {
    switch endedChild(name) {
    case .success(let number): try launch(number, reply)
    case .failure(let error): reply.send(.failure(error))
    }
  }

  /// Removes a child that has ended.
  mutating func delete(_ name: String, _ reply: EndReply) {
    let found = endedChild(name)
    if case .success(let number) = found { forget(number) }
    reply.send(found.map { _ in })
  }

  /// Returns the child of that name if it has ended and does not wait to be started.
  private func endedChild(_ name: String) -> Result<Int, SupervisorError> {
    if plan.isDynamic { return .failure(.notForDynamic) }
    return find(.name(name)).flatMap { number in
      table[number]?.status == .ended ? .success(number) : .failure(.stillRunning(name))
    }
  }

  /// Ends a child: a static supervisor waits for its end, a dynamic one answers when the child has ended.
  mutating func terminate(_ name: Supervisor.ChildName, _ reply: EndReply) throws {
    let number: Int
    switch find(name) {
    case .success(let found): number = found
    case .failure(let error): return reply.send(.failure(error))
    }
    guard let entry = table[number] else { return }
    if case .waiting(let round, _, _) = entry.status { leave(round, number) }
    if plan.isDynamic {
      table[number]?.endReplies.append(reply)
      if !entry.isAlive { return forget(number) }
      if entry.status != .stopping { tellToEnd(number) }
      return
    }
    try stop(number)
    if let startReply = entry.startReply {
      table[number]?.startReply = nil
      startReply.send(.failure(.startFailed(child: entry.child.name, .shutdown)))
    }
    if entry.child.restart == .temporary || entry.isNew { forget(number) }
    reply.send(.success(()))
    if case .starting(let round) = entry.status { try advance(round) }
  }

  /// Finds a child by its name, or by its process, which is its last one if it has none now.
  private func find(_ name: Supervisor.ChildName) -> Result<Int, SupervisorError> {
    switch name {
    case .process(let id):
      return table.number(lastOf: id).map { .success($0) } ?? .failure(.unknownChild(id.description))
    case .name(let name):
      switch table.named(name) {
      case .one(let number): return .success(number)
      case .several: return .failure(.ambiguousName(name))
      case nil: return .failure(.unknownChild(name))
      }
    }
  }
}
