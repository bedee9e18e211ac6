// SPDX-License-Identifier: Apache-2.0
//
// What processes of a random program do and see, in the order in which it happens, for the model to read.

import Joist
import Synchronization

/// What processes of a program have seen, in order: one thread runs them all.
final class Journal: Sendable {
  let refs = Mutex<[ProcessRef<Mail>]>([])
  private let list = Mutex<[Entry]>([])
  private let counts: Mutex<[[Int]]>

  /// One thing that was seen or done.
  enum Entry {
    case sent(Item, to: Int)
    case received(Item, by: Int, anyTag: Bool)
    /// It waits for any message, without an end.
    case waits(Int)
    /// It is about to link, and then it has.
    case links(Int, to: Int)
    case linked(Int, to: Int)
    case trapsExits(Int)
    case monitored(Int, by: Int)
    case told(Int, of: Int, Reason)
    case exitSeen(Int, of: Int?, Reason)
    case exitSent(to: Int, Reason)
    /// Its script has begun, and its frames have been gone back through.
    case begins(Int)
    case unwinds(Int)
    case comesToItsEnd(Int, Reason)
    case ended(Int, Reason)
  }

  init(processes: Int) {
    counts = Mutex(Array(repeating: Array(repeating: 0, count: processes), count: processes))
  }

  func add(_ entry: Entry) { list.withLock { $0.append(entry) } }
  var entries: [Entry] { list.withLock { $0 } }

  func ref(_ number: Int) -> ProcessRef<Mail> { refs.withLock { $0[number] } }
  func number(of id: ProcessID?) -> Int? { refs.withLock { refs in refs.firstIndex { $0.id == id } } }
  var alive: [Bool] { refs.withLock { $0.map(\.isAlive) } }

  /// The next message of a sender to a receiver, noted as sent.
  func next(from sender: Int, to receiver: Int, tag: Int) -> Item {
    let number = counts.withLock { counts in
      counts[sender][receiver] += 1
      return counts[sender][receiver]
    }
    let item = Item(sender: sender, number: number, tag: tag)
    add(.sent(item, to: receiver))
    return item
  }
}

/// An exit reason, as far as a model tells them apart.
enum Reason: Hashable {
  case normal, shutdown, killed, noProcess
  case failure(Int)
  case other

  init(_ reason: ExitReason) {
    switch reason {
    case .normal: self = .normal
    case .shutdown: self = .shutdown
    case .killed: self = .killed
    case .noProcess: self = .noProcess
    case .error(let error): self = (error as? ProgramFailure).map { .failure($0.code) } ?? .other
    default: self = .other
    }
  }
}
