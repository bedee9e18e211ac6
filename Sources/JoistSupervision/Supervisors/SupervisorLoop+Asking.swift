// SPDX-License-Identifier: Apache-2.0
//
// What others ask of a supervisor.

import Joist

extension SupervisorLoop {
  var count: ChildCount {
    let all = table.all
    return ChildCount(
      children: all.count,
      running: all.count(where: \.isAlive),
      supervisors: all.count(where: \.child.isSupervisor)
    )
  }

  mutating func start(_ child: Child, _ reply: StartReply) throws {
    if let error = obstacle(to: child) { return reply.send(.failure(error)) }
    var entry = ChildEntry(child, .ended)
    entry.isNew = true
    try launch(table.add(entry), reply)
  }

  private func obstacle(to child: Child) -> SupervisorError? {
    if table.count >= plan.maximum { return .tooManyChildren(plan.maximum) }
    if !plan.isDynamic && table.number(named: child.name) != nil { return .duplicateChild(child.name) }
    if child.isSignificant && child.restart == .permanent { return .permanentIsSignificant(child.name) }
    return nil
  }

  mutating func restart(_ name: String, _ reply: StartReply) throws {
    switch endedChild(name) {
    case .success(let number): try launch(number, reply)
    case .failure(let error): reply.send(.failure(error))
    }
  }

  mutating func delete(_ name: String, _ reply: EndReply) {
    let found = endedChild(name)
    if case .success(let number) = found { forget(number) }
    reply.send(found.map { _ in })
  }

  /// A child that has ended and is not about to be started.
  private func endedChild(_ name: String) -> Result<Int, SupervisorError> {
    if plan.isDynamic { return .failure(.notForDynamic) }
    guard let number = table.number(named: name), let entry = table[number] else {
      return .failure(.unknownChild(name))
    }
    return entry.status == .ended ? .success(number) : .failure(.stillRunning(name))
  }

  mutating func terminate(_ name: Supervisor.ChildName, _ reply: EndReply) throws {
    guard let number = number(of: name), let entry = table[number] else {
      return reply.send(.failure(.unknownChild(text(of: name))))
    }
    if plan.isDynamic {
      table[number]?.endReplies.append(reply)
      if !entry.isAlive { return forget(number) }
      if entry.status != .stopping { tellToEnd(number) }
      return
    }
    try stop(number)
    if let asked = entry.startReply {
      table[number]?.startReply = nil
      asked.send(.failure(.startFailed(child: entry.child.name, .shutdown)))
    }
    if entry.child.restart == .temporary || entry.isNew { forget(number) }
    reply.send(.success(()))
    if case .starting(let round) = entry.status { try advance(round) }
  }

  private func number(of name: Supervisor.ChildName) -> Int? {
    switch name {
    case .name(let name): plan.isDynamic ? nil : table.number(named: name)
    case .process(let id): table.number(of: id)
    }
  }

  private func text(of name: Supervisor.ChildName) -> String {
    switch name {
    case .name(let name): name
    case .process(let id): id.description
    }
  }
}
