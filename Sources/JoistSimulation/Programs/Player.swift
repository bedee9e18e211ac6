// SPDX-License-Identifier: Apache-2.0
//
// A process of a random program: performs the operations of its script and records in the journal what it observes.

import Joist

/// Performs a script in a process.
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
    journal.add(.began(number))
    defer { journal.add(.unwound(number)) }
    _ = try process.receive { if case .go = $0 { true } else { false } }
    for operation in operations { try play(operation) }
    switch ending {
    case .normal: journal.add(.scriptEnded(number, .normal))
    case .failure(let code):
      journal.add(.scriptEnded(number, .failure(code)))
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
      // Two processes that suspended each other would both stay suspended.
      guard other > number else { return }
      journal.ref(other).suspend()
      defer { journal.ref(other).resume() }
      try process.sleep(for: .microseconds(microseconds))
    case .suspend(let other): if other > number { journal.ref(other).suspend() }
    case .setPriority(let other, let priority): journal.ref(other).setPriority(priority)
    }
  }

  private func note(_ mail: Mail, anyTag: Bool) {
    switch mail {
    case .go: break
    case .item(let item): journal.add(.received(item, by: number, anyTag: anyTag))
    case .down(let subject, let down): journal.add(.downReceived(subject, by: number, Reason(down.reason)))
    case .exited(let signal):
      journal.add(.exitReceived(journal.number(of: signal.process), by: number, Reason(signal.reason)))
    }
  }
}
