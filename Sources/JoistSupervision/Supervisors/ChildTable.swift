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
    /// It is to be started in that round, by that time; the attempt is the round's.
    case waiting(round: Int, at: ContinuousClock.Instant, attempt: Int = 0)
    case starting(round: Int)
    case running
    case stopping
    case ended
  }

  let child: Child
  var status: Status
  var address: (any ChildAddress)?
  /// Its process, or the last one while it has none.
  var lastProcess: ProcessID?
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
      case .waiting(round: 0, _, _): .starting
      case .waiting(_, let time, let attempt): .restarting(at: time, attempt: attempt)
      case .starting: .starting
      case .running: .running
      case .stopping: .stopping
      case .ended: .ended
      }
    return ChildInfo(
      name: child.name,
      lastProcess: lastProcess,
      restart: child.restart,
      restarts: restarts,
      state: state,
      isSupervisor: child.isSupervisor,
      address: address
    )
  }
}

/// The children of one name: more than one only in a dynamic supervisor.
enum Namesakes {
  case one(Int)
  case several(Set<Int>)
}

struct ChildTable {
  private var entries: [Int: ChildEntry] = [:]
  /// The last process of each child, which may have ended.
  private var byProcess: [ProcessID: Int] = [:]
  private var byName: [String: Namesakes] = [:]
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
    let name = entry.child.name
    switch byName.removeValue(forKey: name) {
    case nil: byName[name] = .one(lastNumber)
    case .one(let other): byName[name] = .several([other, lastNumber])
    case .several(var numbers):
      numbers.insert(lastNumber)
      byName[name] = .several(numbers)
    }
    return lastNumber
  }

  /// Forgets a child, which has no process.
  mutating func remove(_ number: Int) {
    guard let entry = entries.removeValue(forKey: number) else { return }
    if let process = entry.lastProcess { byProcess[process] = nil }
    let name = entry.child.name
    guard case .several(var numbers) = byName.removeValue(forKey: name) else { return }
    numbers.remove(number)
    byName[name] = numbers.count == 1 ? .one(numbers.first!) : .several(numbers)
  }

  /// Returns the children of that name; nil if there are none.
  func named(_ name: String) -> Namesakes? { byName[name] }

  /// Returns the child whose process that is now.
  func number(of process: ProcessID) -> Int? {
    guard let number = byProcess[process], entries[number]?.address?.id == process else { return nil }
    return number
  }

  /// Returns the child whose process that is, or was until it ended, with none made since.
  func number(lastOf process: ProcessID) -> Int? { byProcess[process] }

  /// Notes the process that was made for a child.
  mutating func bind(_ number: Int, _ address: any ChildAddress) {
    if let last = entries[number]?.lastProcess { byProcess[last] = nil }
    entries[number]?.address = address
    entries[number]?.lastProcess = address.id
    byProcess[address.id] = number
  }

  /// Notes that a process has ended (SV7), and returns the child that it was; nil if it was no child's.
  mutating func unbind(_ process: ProcessID) -> Int? {
    guard let number = number(of: process) else { return nil }
    entries[number]?.address = nil
    return number
  }
}
