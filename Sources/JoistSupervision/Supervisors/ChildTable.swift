// SPDX-License-Identifier: Apache-2.0
//
// The children of one supervisor, found by number, name or process.
// - A child keeps its number, and a later child has a higher one, so the numbers are the order of starting.
// - A process is in the table from its creation until the supervisor has taken in its exit signal, or has ended and
//   unlinked it. So the supervisor handles each end once.

import Joist

/// A child and its current state.
struct ChildEntry {
  enum Status: Equatable {
    /// It waits to be started in that round, which is due at that time; the attempt is that of the round.
    case waiting(round: Int, at: ContinuousClock.Instant, attempt: Int = 0)
    case starting(round: Int)
    case running
    case stopping
    case ended
  }

  let child: Child
  var status: Status
  var address: (any ChildAddress)?
  /// Its process, or its last one if it has none now.
  var lastProcess: ProcessID?
  /// The number of times that the supervisor has restarted it.
  var restarts = 0
  /// The number of restarts since it last ran for a whole window.
  var attempts = 0
  var startedAt: ContinuousClock.Instant?
  /// The request that waits for the child to start.
  var startReply: StartReply?
  /// Whether it was added on request and has not started yet; if it fails to start, it is removed.
  var isNew = false
  /// The requests that wait for the child to end.
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

/// The children that have one name; only a dynamic supervisor may have several.
enum Namesakes {
  case one(Int)
  case several(Set<Int>)
}

/// The children of one supervisor.
struct ChildTable {
  private var entries: [Int: ChildEntry] = [:]
  /// The number of each child by its last process, which may have ended.
  private var byProcess: [ProcessID: Int] = [:]
  private var byName: [String: Namesakes] = [:]
  private var lastNumber = 0

  var count: Int { entries.count }
  /// The children's numbers in the order of starting.
  var numbers: [Int] { entries.keys.sorted() }
  /// The children in the order of starting.
  var all: [ChildEntry] { numbers.map { entries[$0]! } }

  subscript(number: Int) -> ChildEntry? {
    get { entries[number] }
    _modify { yield &entries[number] }
  }

  /// Adds a child behind the others and returns its number.
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

  /// Removes a child.
  mutating func remove(_ number: Int) {
    guard let entry = entries.removeValue(forKey: number) else { return }
    if let process = entry.lastProcess { byProcess[process] = nil }
    let name = entry.child.name
    guard case .several(var numbers) = byName.removeValue(forKey: name) else { return }
    numbers.remove(number)
    byName[name] = numbers.count == 1 ? .one(numbers.first!) : .several(numbers)
  }

  /// Returns the children that have a name, or nil if there are none.
  func named(_ name: String) -> Namesakes? { byName[name] }

  /// Returns the child that currently has the process, or nil if none has.
  func number(of process: ProcessID) -> Int? {
    guard let number = byProcess[process], entries[number]?.address?.id == process else { return nil }
    return number
  }

  /// Returns the child that has the process, or had it last and has no newer one; nil if there is none.
  func number(lastOf process: ProcessID) -> Int? { byProcess[process] }

  /// Records the process that was created for a child.
  mutating func bind(_ number: Int, _ address: any ChildAddress) {
    if let last = entries[number]?.lastProcess { byProcess[last] = nil }
    entries[number]?.address = address
    entries[number]?.lastProcess = address.id
    byProcess[address.id] = number
  }

  /// Records that a process has ended, and returns the child that had it; nil if no child had it.
  mutating func unbind(_ process: ProcessID) -> Int? {
    guard let number = number(of: process) else { return nil }
    entries[number]?.address = nil
    return number
  }
}
