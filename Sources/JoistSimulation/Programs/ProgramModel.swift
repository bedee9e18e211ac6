// SPDX-License-Identifier: Apache-2.0
//
// What Erlang's rules allow of a random program: a sequential reading of its journal.
// PM1. Of one sender a process receives messages once, and the earliest that it looks for first.
// PM2. A process that lives and waits for any message has received all that was sent to it.
// PM3. A process ends for a reason that something gave it: its own end, an exit signal, the end of one it is linked to.
// PM4. A monitor tells of an end once, with its reason, or that there was no such process.
// PM5. A trapped exit is one that was sent, or the end of one that it is linked to.
// PM6. One that is linked to another which ended abnormally has ended too, unless it traps exits.
// PM7. A process that ends has unwound: its script catches no exit, so not even a kill may abandon it.
// PM8. Where nothing waits without an end, every process ends: one that was suspended goes on when its suspenders have
//      ended.

import Joist

/// Reads a journal and remembers what is wrong in it.
struct ProgramModel {
  private(set) var wrong: String?
  private let alive: [Bool]
  private var sent: [[Item]]
  /// By receiver: what was received of each sender.
  private var received: [[Set<Int>]]
  private var waits: [Bool]
  private var links: [Set<Int>]
  private var mayBeLinked: [Set<Int>]
  private var traps: [Bool]
  private var ends: [Reason?]
  private var mayEnd: [Set<Reason>]
  private var monitors: [[Int]]
  private var tells: [[Int]]
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
    tells = monitors
    hasBegun = waits
    hasUnwound = waits
    for case .ended(let process, let reason) in journal.entries {
      if ends[process] != nil { note("PM4: two ends of \(process) were told to one monitor") }
      ends[process] = reason
    }
    for entry in journal.entries { read(entry) }
    judge()
  }

  private mutating func note(_ what: String) { wrong = wrong ?? what }

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
    case .told(let by, let subject, let reason):
      tells[by][subject] += 1
      if tells[by][subject] > monitors[by][subject] { note("PM4: \(by) was told of \(subject) too often") }
      if reason != .noProcess && reason != ends[subject] {
        note("PM4: \(by) was told that \(subject) ended of \(reason), and it was \(String(describing: ends[subject]))")
      }
    case .exitSeen(let process, let subject, let reason): seeExit(process, subject, reason)
    case .exitSent(let to, let reason): mayEnd[to].insert(reason)
    case .begins(let process): hasBegun[process] = true
    case .unwinds(let process): hasUnwound[process] = true
    case .comesToItsEnd(let process, let reason):
      waits[process] = false
      mayEnd[process].insert(reason)
    case .ended: break
    }
  }

  private mutating func receive(_ item: Item, _ by: Int, _ anyTag: Bool) {
    waits[by] = false
    guard sent[by].contains(where: { $0.sender == item.sender && $0.number == item.number }) else {
      return note("PM1: \(by) received what nobody sent")
    }
    if !received[by][item.sender].insert(item.number).inserted {
      note("PM1: \(by) received message \(item.number) of \(item.sender) twice")
    }
    for earlier in sent[by] where earlier.sender == item.sender && earlier.number < item.number {
      if (anyTag || earlier.tag == item.tag) && !received[by][item.sender].contains(earlier.number) {
        note("PM1: \(by) received message \(item.number) of \(item.sender) before \(earlier.number)")
      }
    }
  }

  private mutating func seeExit(_ process: Int, _ subject: Int?, _ reason: Reason) {
    waits[process] = false
    if !traps[process] { note("PM5: \(process) saw an exit, and traps none") }
    let isOfALink = subject.map { mayBeLinked[process].contains($0) && ends[$0] == reason } ?? false
    if !isOfALink && !mayEnd[process].contains(reason) && reason != .noProcess {
      note("PM5: \(process) saw an exit of \(reason) that nobody sent")
    }
  }

  private mutating func judge() {
    for process in alive.indices {
      if alive[process] {
        if ends[process] != nil { note("PM3: \(process) was told to have ended, and lives") }
        if waits[process] {
          for item in sent[process] where !received[process][item.sender].contains(item.number) {
            note("PM2: \(process) waits, and message \(item.number) of \(item.sender) was not received")
          }
        }
      } else if let reason = ends[process] {
        let ofLinks = Set(mayBeLinked[process].compactMap { ends[$0] }).union([.noProcess])
        if !mayEnd[process].contains(reason) && !ofLinks.contains(reason) {
          note("PM3: \(process) ended of \(reason), for which there was no cause")
        }
      } else {
        note("PM4: \(process) has ended, and its monitor was not told")
      }
      if !alive[process] && hasBegun[process] && !hasUnwound[process] {
        note("PM7: \(process) has ended without unwinding")
      }
    }
    for process in alive.indices where alive[process] && !traps[process] {
      for other in links[process] {
        guard let reason = ends[other], reason != .normal else { continue }
        note("PM6: \(process) lives, and \(other), linked to it, has ended of \(reason)")
      }
    }
  }
}
