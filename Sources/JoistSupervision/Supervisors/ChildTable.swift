// SPDX-License-Identifier: Apache-2.0
//
// The children of one supervisor, found by number, name and process.
// SV6. A child keeps its number, and a later child has a higher one: the numbers are the order of starting.
// SV7. A process is in the table from when it is made until its exit signal was taken in, or it was ended and
//      unlinked. So each end is seen once.

import Joist

/// A child and what has become of it.
struct ChildEntry {
  enum Status: Equatable {
    /// It is to be started in that round, by that time.
    case waiting(round: Int, at: ContinuousClock.Instant)
    case starting(round: Int)
    case running
    case stopping
    case ended
  }

  let child: Child
  var status: Status
  var address: (any ChildAddress)?
  var restarts = 0
  /// Restarts since it last ran for a whole window.
  var attempts = 0
  var startedAt: ContinuousClock.Instant?
  /// Who wants to know whether it starts.
  var startReply: StartReply?
  /// If it does not start, it is no child.
  var isNew = false
  /// Who wants to know when it has ended.
  var endReplies: [EndReply] = []
  var killTimer: TimerID?

  init(_ child: Child, _ status: Status) {
    self.child = child
    self.status = status
  }

  var isAlive: Bool { address != nil }

  var info: ChildInfo {
    let state: ChildInfo.State =
      switch status {
      case .waiting(_, let time): .restarting(at: time)
      case .starting: .starting
      case .running: .running
      case .stopping: .stopping
      case .ended: .ended
      }
    return ChildInfo(
      name: child.name,
      restart: child.restart,
      restarts: restarts,
      state: state,
      isSupervisor: child.isSupervisor,
      address: address
    )
  }
}

struct ChildTable {
  private var entries: [Int: ChildEntry] = [:]
  private var byProcess: [ProcessID: Int] = [:]
  private var byName: [String: Int] = [:]
  private var lastNumber = 0

  var count: Int { entries.count }
  /// In the order of starting (SV6).
  var numbers: [Int] { entries.keys.sorted() }
  /// In the order of starting.
  var all: [ChildEntry] { numbers.map { entries[$0]! } }

  subscript(number: Int) -> ChildEntry? {
    get { entries[number] }
    _modify { yield &entries[number] }
  }

  /// Adds a child behind the others.
  mutating func add(_ entry: ChildEntry) -> Int {
    lastNumber += 1
    entries[lastNumber] = entry
    byName[entry.child.name] = lastNumber
    return lastNumber
  }

  /// Forgets a child, which has no process.
  mutating func remove(_ number: Int) {
    guard let entry = entries.removeValue(forKey: number) else { return }
    if byName[entry.child.name] == number { byName[entry.child.name] = nil }
  }

  /// Where names differ.
  func number(named name: String) -> Int? { byName[name] }

  func number(of process: ProcessID) -> Int? { byProcess[process] }

  /// Its process is that one.
  mutating func bind(_ number: Int, _ address: any ChildAddress) {
    entries[number]?.address = address
    byProcess[address.id] = number
  }

  /// The process has ended (SV7); whose it was.
  mutating func unbind(_ process: ProcessID) -> Int? {
    guard let number = byProcess.removeValue(forKey: process) else { return nil }
    entries[number]?.address = nil
    return number
  }
}
