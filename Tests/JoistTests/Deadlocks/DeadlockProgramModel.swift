// SPDX-License-Identifier: Apache-2.0
//
// What the processes of a random program record of their own waits. The model knows nothing of the runtime's notes.

import Joist
import Synchronization

/// What the processes of a random program wait for, as they themselves record it.
final class DeadlockModel: Sendable {
  typealias Address = ReplyTo<Void>

  /// A wait of a process.
  struct Wait {
    enum Target {
      case process(Int)
      case lock(Int)
    }

    /// Its number among the waits of the program.
    let number: Int
    let target: Target
    let isTimed: Bool
    /// Whether the caller has given the address of the reply to another process, too.
    let isShared: Bool
    /// Whether the wait is a call.
    let isCall: Bool
  }

  /// A request that a process has received, and the number of its caller's wait.
  struct Request {
    let caller: Int
    let wait: Int
    let address: Address
  }

  /// What a process has recorded.
  struct Worker {
    var wait: Wait?
    /// The requests that it has received, the oldest first, and has not replied to itself.
    var requests: [Request] = []
    /// The requests that it has received, and that may not have been replied to.
    var open: [Request] = []
    /// Whether it has given anything to others since it received the oldest open request.
    var hasHandedOn = false
  }

  struct State {
    var workers: [Worker]
    var holders: [Int?]
    var lastWait = 0
  }

  private let state: Mutex<State>

  init(workers: Int, locks: Int) {
    state = Mutex(
      State(workers: Array(repeating: Worker(), count: workers), holders: Array(repeating: nil, count: locks))
    )
  }

  var now: State { state.withLock { $0 } }

  /// Returns the number of a wait that is about to begin.
  func newWait() -> Int {
    state.withLock { state in
      state.lastWait += 1
      return state.lastWait
    }
  }

  func begin(
    _ number: Int,
    of worker: Int,
    for target: Wait.Target,
    isTimed: Bool = false,
    isShared: Bool = false,
    isCall: Bool = false
  ) {
    let wait = Wait(number: number, target: target, isTimed: isTimed, isShared: isShared, isCall: isCall)
    state.withLock { $0.workers[worker].wait = wait }
  }

  /// Notes the end of a wait; `handsOn` says whether the process has sent something with it.
  func end(of worker: Int, handsOn: Bool) {
    state.withLock { state in
      state.workers[worker].wait = nil
      if handsOn { state.workers[worker].hasHandedOn = true }
    }
  }

  func noteHandOn(_ worker: Int) { state.withLock { $0.workers[worker].hasHandedOn = true } }

  func holds(_ lock: Int, _ worker: Int) -> Bool { state.withLock { $0.holders[lock] == worker } }

  /// Notes that a process has taken a lock, or is about to release it.
  func setHolder(of lock: Int, _ worker: Int, holds: Bool) {
    state.withLock { state in
      state.holders[lock] = holds ? worker : nil
      state.workers[worker].wait = nil
      state.workers[worker].hasHandedOn = true
    }
  }

  func received(_ request: Request, _ worker: Int) {
    state.withLock { state in
      state.workers[worker].open = state.workers[worker].open.filter { state.isOpen($0) }
      if state.workers[worker].open.isEmpty { state.workers[worker].hasHandedOn = false }
      state.workers[worker].open.append(request)
      state.workers[worker].requests.append(request)
    }
  }

  /// The address of the request that a process has received last, and takes out if it replies.
  func lastAddress(_ worker: Int, takes: Bool) -> Address? {
    state.withLock { state in
      takes ? state.workers[worker].requests.popLast()?.address : state.workers[worker].requests.last?.address
    }
  }
}

extension DeadlockModel.State {
  /// Whether the caller still waits for the reply.
  func isOpen(_ request: DeadlockModel.Request) -> Bool { workers[request.caller].wait?.number == request.wait }

  /// The process that a process waits for; nil if it waits for none.
  func awaited(by worker: Int) -> Int? {
    switch workers[worker].wait?.target {
    case .process(let other): other
    case .lock(let lock): holders[lock]
    case nil: nil
    }
  }

  /// The circles of processes that wait for each other, each from its lowest number on.
  var circles: [[Int]] {
    workers.indices.compactMap { first in
      var circle = [first]
      while let next = awaited(by: circle.last!), next > first, !circle.contains(next) { circle.append(next) }
      return awaited(by: circle.last!) == first ? circle : nil
    }
  }

  /// Whether no process outside of the circle can end one of its waits, as far as the documentation says so.
  func isCertain(_ circle: [Int], mailbox: (Int) -> SpawnOptions.Mailbox) -> Bool {
    circle.allSatisfy { worker in
      let (wait, callee) = (workers[worker].wait!, awaited(by: worker)!)
      if wait.isCall, case .bounded(_, _, whenFull: .dropOldest) = mailbox(callee) { return false }
      guard wait.isCall else { return !wait.isTimed }
      let isReceived = workers[callee].open.contains { $0.caller == worker && $0.wait == wait.number }
      return !wait.isTimed && !wait.isShared && !(isReceived && workers[callee].hasHandedOn)
    }
  }
}
