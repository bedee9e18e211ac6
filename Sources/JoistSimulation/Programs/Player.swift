// SPDX-License-Identifier: Apache-2.0
//
// A process of a random program: does what its script says, and writes down what it sees.

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

/// Plays a script in a process.
struct Player {
  private let process: ProcessContext<Mail>
  private let number: Int
  private let journal: Journal

  init(_ process: ProcessContext<Mail>, _ number: Int, _ journal: Journal) {
    self.process = process
    self.number = number
    self.journal = journal
  }

  func play(_ operations: [Operation], _ ending: Ending) throws {
    _ = try process.receive { if case .go = $0 { true } else { false } }
    for operation in operations { try play(operation) }
    switch ending {
    case .normal: journal.add(.comesToItsEnd(number, .normal))
    case .failure(let code):
      journal.add(.comesToItsEnd(number, .failure(code)))
      throw ProgramFailure(code: code)
    }
  }

  private func play(_ operation: Operation) throws {
    switch operation {
    case .send(let to, let tag): journal.ref(to).send(.item(journal.next(from: number, to: to, tag: tag)))
    case .receive:
      journal.add(.waits(number))
      note(try process.receive(), anyTag: true)
    case .receiveTagged(let tag, let milliseconds):
      let mail = try process.receive(
        where: { mail in
          if case .item(let item) = mail { item.tag == tag } else { false }
        },
        timeout: .milliseconds(milliseconds)
      )
      if let mail { note(mail, anyTag: false) }
    case .receiveWithin(let milliseconds):
      if let mail = try process.receive(timeout: .milliseconds(milliseconds)) { note(mail, anyTag: true) }
    case .yield: try process.yield()
    case .reduce(let amount): try process.reduce(amount)
    case .sleep(let microseconds): try process.sleep(for: .microseconds(microseconds))
    case .link(let other):
      guard other != number else { return }
      journal.add(.links(number, to: other))
      try process.link(journal.ref(other))
      journal.add(.linked(number, to: other))
    case .monitor(let other):
      journal.add(.monitored(other, by: number))
      process.monitor(journal.ref(other)) { .down(subject: other, $0) }
    case .trapExits:
      journal.add(.trapsExits(number))
      process.trapExits { .exited($0) }
    case .exit(let other, let code):
      let reason: ExitReason = code == 0 ? .normal : code < 3 ? .shutdown : .error(ProgramFailure(code: code + 100))
      journal.add(.exitSent(to: other, Reason(reason)))
      journal.ref(other).exit(reason)
    case .kill(let other):
      journal.add(.exitSent(to: other, .killed))
      journal.ref(other).exit(.killed)
    case .suspendFor(let other, let microseconds):
      // Two that suspend each other would both stay so.
      guard other > number else { return }
      journal.ref(other).suspend()
      defer { journal.ref(other).resume() }
      try process.sleep(for: .microseconds(microseconds))
    case .setPriority(let other, let priority): journal.ref(other).setPriority(priority)
    }
  }

  private func note(_ mail: Mail, anyTag: Bool) {
    switch mail {
    case .go: break
    case .item(let item): journal.add(.received(item, by: number, anyTag: anyTag))
    case .down(let subject, let down): journal.add(.told(number, of: subject, Reason(down.reason)))
    case .exited(let signal):
      journal.add(.exitSeen(number, of: journal.number(of: signal.process), Reason(signal.reason)))
    }
  }
}
