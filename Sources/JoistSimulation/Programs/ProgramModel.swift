// SPDX-License-Identifier: Apache-2.0
//
// The model of a random program: reads its journal in order, and checks that Erlang's rules allow each event. Failures
// are reported with the number of the rule.
// PM1. A process receives each message once. Among the messages from one sender that match a receive, it receives the
//      earliest first.
// PM2. A live process that waits for any message has received all messages sent to it.
// PM3. Every process ends for a reason with a cause: the end of its script, an exit signal, or the end of a linked
//      process.
// PM4. A monitor reports an end once, with its reason, or reports that there was no such process.
// PM5. A trapped exit signal was sent by a process or caused by the end of a linked process.
// PM6. If a process ends abnormally, every process linked to it has ended too or traps exits.
// PM7. A process that ends has unwound its frames. Scripts catch no exit, so not even a kill may abandon a process.
// PM8. If no process waits without a timeout, every process ends. A suspended process runs again when its suspenders
//      have ended.

import Joist

/// Reads a journal and keeps the first violation in it.
struct ProgramModel {
  /// The first violation of a rule; nil if there is none.
  private(set) var violation: String?
  private let alive: [Bool]
  private var sent: [[Item]]
  /// The numbers of the received messages, by receiver and then by sender.
  private var received: [[Set<Int>]]
  private var waits: [Bool]
  private var links: [Set<Int>]
  private var mayBeLinked: [Set<Int>]
  private var traps: [Bool]
  private var ends: [Reason?]
  private var mayEnd: [Set<Reason>]
  /// The number of monitors, by watcher and then by subject.
  private var monitors: [[Int]]
  /// The number of received down messages, by watcher and then by subject.
  private var downs: [[Int]]
  private var hasBegun: [Bool]
  private var hasUnwound: [Bool]

  init(_ journal: Journal, alive: [Bool]) {
    let count = alive.count
    self.alive = alive
    sent = Array(repeating: [], count: count)
    received = Array(repeating: Array(repeating: [], count: count), count: count)
    waits = Array(repeating: false, count: count)
    links = Array(repeating: [], count: count)
    mayBeLinked = links
    traps = waits
    ends = Array(repeating: nil, count: count)
    mayEnd = Array(repeating: [], count: count)
    monitors = Array(repeating: Array(repeating: 0, count: count), count: count)
    downs = monitors
    hasBegun = waits
    hasUnwound = waits
    for case .ended(let process, let reason) in journal.entries {
      if ends[process] != nil { note("PM4: one monitor reported two ends of process \(process)") }
      ends[process] = reason
    }
    for entry in journal.entries { read(entry) }
    checkEnd()
  }

  private mutating func note(_ found: String) { violation = violation ?? found }

  private mutating func read(_ entry: Journal.Entry) {
    switch entry {
    case .sent(let item, let to): sent[to].append(item)
    case .received(let item, let by, let anyTag): receive(item, by, anyTag)
    case .waits(let process): waits[process] = true
    case .links(let process, let other):
      mayBeLinked[process].insert(other)
      mayBeLinked[other].insert(process)
    case .linked(let process, let other):
      links[process].insert(other)
      links[other].insert(process)
    case .trapsExits(let process): traps[process] = true
    case .monitored(let subject, let by): monitors[by][subject] += 1
    case .downReceived(let subject, let by, let reason):
      downs[by][subject] += 1
      if downs[by][subject] > monitors[by][subject] {
        note("PM4: process \(by) received more down messages about process \(subject) than it has monitors")
      }
      if reason != .noProcess && reason != ends[subject] {
        let end = ends[subject].map { "ended with \($0)" } ?? "has not ended"
        note("PM4: a down message to process \(by) says \(reason), but process \(subject) \(end)")
      }
    case .exitReceived(let subject, let by, let reason): receiveExit(by, subject, reason)
    case .exitSent(let to, let reason): mayEnd[to].insert(reason)
    case .began(let process): hasBegun[process] = true
    case .unwound(let process): hasUnwound[process] = true
    case .scriptEnded(let process, let reason):
      waits[process] = false
      mayEnd[process].insert(reason)
    case .ended: break
    }
  }

  private mutating func receive(_ item: Item, _ by: Int, _ anyTag: Bool) {
    waits[by] = false
    guard sent[by].contains(where: { $0.sender == item.sender && $0.number == item.number }) else {
      return note("PM1: process \(by) received a message that no process sent")
    }
    if !received[by][item.sender].insert(item.number).inserted {
      note("PM1: process \(by) received message \(item.number) from process \(item.sender) twice")
    }
    for earlier in sent[by] where earlier.sender == item.sender && earlier.number < item.number {
      if (anyTag || earlier.tag == item.tag) && !received[by][item.sender].contains(earlier.number) {
        let message = "message \(item.number) from process \(item.sender)"
        note("PM1: process \(by) received \(message) before message \(earlier.number)")
      }
    }
  }

  private mutating func receiveExit(_ process: Int, _ subject: Int?, _ reason: Reason) {
    waits[process] = false
    if !traps[process] { note("PM5: process \(process) received an exit signal as a message, but does not trap exits") }
    let isOfLink = subject.map { mayBeLinked[process].contains($0) && ends[$0] == reason } ?? false
    if !isOfLink && !mayEnd[process].contains(reason) && reason != .noProcess {
      note("PM5: process \(process) received an exit signal with reason \(reason) that no process sent")
    }
  }

  /// Checks the state after the last event.
  private mutating func checkEnd() {
    for process in alive.indices {
      if alive[process] {
        if ends[process] != nil { note("PM3: process \(process) was reported to have ended, but is alive") }
        if waits[process] {
          for item in sent[process] where !received[process][item.sender].contains(item.number) {
            let message = "message \(item.number) from process \(item.sender)"
            note("PM2: process \(process) waits, but has not received \(message)")
          }
        }
      } else if let reason = ends[process] {
        let ofLinks = Set(mayBeLinked[process].compactMap { ends[$0] }).union([.noProcess])
        if !mayEnd[process].contains(reason) && !ofLinks.contains(reason) {
          note("PM3: process \(process) ended with \(reason), which nothing caused")
        }
      } else {
        note("PM4: process \(process) has ended, but its monitor did not report it")
      }
      if !alive[process] && hasBegun[process] && !hasUnwound[process] {
        note("PM7: process \(process) has ended without unwinding")
      }
    }
    for process in alive.indices where alive[process] && !traps[process] {
      for other in links[process] {
        guard let reason = ends[other], reason != .normal else { continue }
        note("PM6: process \(process) is alive, but process \(other), linked to it, has ended with \(reason)")
      }
    }
  }
}
