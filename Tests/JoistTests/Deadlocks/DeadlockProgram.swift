// SPDX-License-Identifier: Apache-2.0
//
// Random programs whose processes call each other, take locks, join and fill mailboxes, as a seed determines.

import Joist

/// A step of a process of a random program.
///
/// The number of a process that a step is for is followed by what that process does.
indirect enum DeadlockStep: Sendable {
  case yield
  case pause(Int)
  case send(Int, [DeadlockStep])
  case call(Int, timeout: Int?, shared: Sharing, [DeadlockStep])
  case join(Int, timeout: Int?)
  /// Takes a lock around the steps; with `stores`, then leaves the address of a reply in the lock.
  case lock(Int, stores: Bool, [DeadlockStep])
  /// Receives one message, within some milliseconds, and does what it says.
  case serve(Int)
  /// Replies to the request that was received last.
  case reply
  /// Hands the address of the reply to that request on.
  case handOn(Route, after: Int)
  /// Replies to the address in a lock.
  case replyFromLock(Int)
  case end

  /// What the closure that makes a request does with the address of the reply.
  enum Sharing: Sendable { case none, sent, sentAndSlept, spawned, stored }

  /// A way by which a process hands an address on.
  enum Route: Sendable {
    case message(Int)
    case monitor(Int)
    case spawn, timer, channel, blocking
  }
}

/// A random program.
struct DeadlockProgram: Sendable {
  /// A process: the limit of its mailbox, and what it does first.
  struct Worker: Sendable {
    var mailbox: SpawnOptions.Mailbox
    var steps: [DeadlockStep]
  }

  var workers: [Worker]
  let locks: Int
  let schedulers: Int
  /// Determines which scheduler steps next.
  let order: UInt64

  /// Makes the program with that seed.
  init(seed: UInt64) {
    var chooser = Chooser(seed: seed)
    locks = chooser.below(3)
    schedulers = 1 + chooser.below(2)
    order = chooser.numbers.next()
    chooser.workers = 2 + chooser.below(5)
    chooser.locks = locks
    // Half of the programs have a few kinds of steps only, so that their circles are certain.
    chooser.isPlain = chooser.below(2) == 0
    chooser.hasTimeouts = chooser.below(2) == 0
    workers = (0..<chooser.workers).map { _ in
      Worker(mailbox: chooser.mailbox(), steps: chooser.steps(1 + chooser.below(4), depth: 0, inRequest: false))
    }
  }

  /// The programs with one step less, or with the steps inside of one in its place.
  var smaller: [DeadlockProgram] {
    workers.indices.flatMap { worker in
      workers[worker].steps.smaller.map { steps in
        var program = self
        program.workers[worker].steps = steps
        return program
      }
    }
  }
}

extension [DeadlockStep] {
  fileprivate var smaller: [[DeadlockStep]] {
    indices.flatMap { index in
      ([nil] + self[index].smaller.map { [$0] }).map { (step: [DeadlockStep]?) in
        Array(self[..<index]) + (step ?? []) + Array(self[(index + 1)...])
      }
    }
  }
}

extension DeadlockStep {
  fileprivate var smaller: [DeadlockStep] {
    switch self {
    case .send(let other, let steps): steps.smaller.map { .send(other, $0) }
    case .call(let other, let timeout, let shared, let steps):
      (timeout == nil ? [] : [.call(other, timeout: nil, shared: shared, steps)])
        + steps.smaller.map { .call(other, timeout: timeout, shared: shared, $0) }
    case .lock(let lock, let stores, let steps): steps.smaller.map { .lock(lock, stores: stores, $0) }
    default: []
    }
  }
}

/// Chooses the steps of a random program.
private struct Chooser {
  var numbers: SplitMix64
  var workers = 0
  var locks = 0
  var isPlain = false
  var hasTimeouts = false

  init(seed: UInt64) { numbers = SplitMix64(seed: seed ^ 0x6465_6164_6c6f_636b) }

  /// Returns a number below `count`.
  mutating func below(_ count: Int) -> Int { Int(numbers.next() % UInt64(count)) }

  private mutating func timeout() -> Int? { hasTimeouts && below(3) == 0 ? 1 + below(400) : nil }

  mutating func mailbox() -> SpawnOptions.Mailbox {
    switch below(8) {
    case 0: .bounded(1, whenFull: .block)
    case 1: .bounded(2, whenFull: .block)
    case 2 where !isPlain: .bounded(2, whenFull: .dropOldest)
    case 3 where !isPlain: .bounded(bytes: 48, whenFull: .block)
    case 4 where !isPlain: .bounded(1, whenFull: .fail)
    default: .unbounded
    }
  }

  /// Chooses `count` steps; those that a request causes may reply to it, and mostly do so at the end.
  mutating func steps(_ count: Int, depth: Int, inRequest: Bool) -> [DeadlockStep] {
    var steps: [DeadlockStep] = []
    for _ in 0..<count {
      if inRequest && !isPlain && below(5) == 0 { steps.append(handingOn()) } else { steps.append(step(depth)) }
    }
    if inRequest && below(8) != 0 { steps.append(.reply) }
    return steps
  }

  private mutating func handingOn() -> DeadlockStep {
    let (other, delay) = (below(workers), below(3) * 150)
    switch below(locks > 0 ? 7 : 6) {
    case 0: return .handOn(.message(other), after: delay)
    case 1: return .handOn(.spawn, after: delay)
    case 2: return .handOn(.timer, after: delay)
    case 3: return .handOn(.channel, after: delay)
    case 4: return .handOn(.monitor(other), after: delay)
    case 5: return .handOn(.blocking, after: delay)
    default: return .lock(below(locks), stores: true, steps(below(2), depth: 2, inRequest: false))
    }
  }

  private mutating func sharing() -> DeadlockStep.Sharing {
    guard !isPlain, below(6) == 0 else { return .none }
    switch below(4) {
    case 0: return .sent
    case 1: return .sentAndSlept
    case 2: return .spawned
    default: return .stored
    }
  }

  private mutating func step(_ depth: Int) -> DeadlockStep {
    let other = below(workers)
    let inner = depth < 2 ? below(3) : 0
    switch below(16) {
    case 0...5:
      return .call(other, timeout: timeout(), shared: sharing(), steps(inner, depth: depth + 1, inRequest: true))
    case 6: return .join(other, timeout: timeout())
    case 7...9 where locks > 0:
      return .lock(
        below(locks),
        stores: !isPlain && below(8) == 0,
        steps(1 + inner, depth: depth + 1, inRequest: false)
      )
    case 10, 11: return .send(other, steps(inner, depth: depth + 1, inRequest: false))
    case 12: return .serve(below(2) * 100)
    case 13 where locks > 0 && !isPlain: return .replyFromLock(below(locks))
    case 14: return below(8) == 0 ? .end : .yield
    default: return .pause(1 + below(4) * 60)
    }
  }
}
