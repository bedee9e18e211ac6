// SPDX-License-Identifier: Apache-2.0
//
// A journal of what the processes of a random program do and observe, in order. The model reads it.

import Joist
import Synchronization

/// The events of a run in the order in which they happened.
///
/// One carrier thread runs all processes, so there is one order.
final class Journal: Sendable {
  let refs = Mutex<[ProcessRef<Mail>]>([])
  private let list = Mutex<[Entry]>([])
  private let counts: Mutex<[[Int]]>

  /// An event; processes are given by their numbers in the program.
  enum Entry {
    case sent(Item, to: Int)
    case received(Item, by: Int, anyTag: Bool)
    /// A process starts to wait for any message, without a timeout.
    case waits(Int)
    /// A process is about to link itself to another.
    case links(Int, to: Int)
    /// A process has linked itself to another.
    case linked(Int, to: Int)
    case trapsExits(Int)
    case monitored(Int, by: Int)
    /// A process has received the down message about a process.
    case downReceived(Int, by: Int, Reason)
    /// A process that traps exits has received the exit signal of a process, if the signal names one.
    case exitReceived(Int?, by: Int, Reason)
    /// An exit signal has been sent to a process.
    case exitSent(to: Int, Reason)
    /// A process has begun its script.
    case began(Int)
    /// The frames of a process's script have unwound.
    case unwound(Int)
    /// A process has performed its whole script and is about to end.
    case scriptEnded(Int, Reason)
    /// The process that spawned all others has received the down message about one.
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

  /// Creates the next message from a sender to a receiver, and records it as sent.
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

/// An exit reason, as far as the model distinguishes reasons.
enum Reason: Hashable {
  case normal, shutdown, killed, noProcess
  case failure(Int)
  case other

  init(_ reason: ExitReason) {
    switch reason {
    case .normal: self = .normal
    case .shutdown, .shutdownBecause: self = .shutdown
    case .killed: self = .killed
    case .noProcess: self = .noProcess
    case .error(let error): self = (error as? ProgramFailure).map { .failure($0.code) } ?? .other
    default: self = .other
    }
  }
}
