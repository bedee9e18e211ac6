// SPDX-License-Identifier: Apache-2.0
//
// Links: two processes of which one hears by an exit signal of the other's end.
// LI1. A link is two entries, one in the extras of each, which name each other's places. Both are made and taken out
//      under both locks; so there is never half a link between two that live.
// LI2. Who ends takes all its links out at once, and sends each an exit signal that names the place of the other
//      entry. That is the other's to take out, when it takes the signal in. A signal that finds no such entry is of a
//      link that was cut meanwhile, and is nothing.
// LI3. Two locks are taken in the order of their addresses: nothing else depends on that order.

import Synchronization

/// One end of a link.
struct Link {
  /// Who is at the other end.
  let process: ProcessHandle
  let id: ProcessID
  /// Where the other end is, among the other's links.
  var place = -1
}

extension ProcessContext where Message: ~Copyable {
  /// Ends this process because of an exit signal that it trapped: it is reported as an end that a link brought, if that
  /// signal came over one.
  package func exit(becauseOf signal: ExitSignal) throws(ProcessExit) -> Never {
    _ = record.here(generation)
    if !record.hasExitReason && !signal.reason.isOrderly { record.extras().it.exitOrigin = signal.origin }
    throw ProcessExit(reason: signal.reason)
  }
}

extension Handle<ProcessRecord> {
  /// Links this process, which lives, with another; false when that has ended.
  ///
  /// A second link between the same two is the first.
  func link(_ other: ProcessHandle, _ id: ProcessID) -> Bool {
    // It is an earlier process of this record: one that has ended.
    if other == self { return false }
    let (mine, its) = (services(), other.services())
    var (room, itsRoom) = (SlotMap<Link>.Room(), SlotMap<Link>.Room())
    while true {
      let isLinked: Bool? = withBothLocks(other) {
        guard other.isStill(id.generation) else { return false }
        if linkPlace(other, id) != nil { return true }
        guard mine.it.links.hasRoom(&room), its.it.links.hasRoom(&itsRoom) else { return nil }
        let here = mine.it.links.add(Link(process: other, id: id))
        let there = its.it.links.add(Link(process: self, id: it.identity, place: here))
        mine.it.links.change(here) { $0.place = there }
        return true
      }
      if let isLinked { return isLinked }
      room.grow()
      itsRoom.grow()
    }
  }

  /// Cuts the link, if there is one, at both ends (LI1).
  func unlink(_ other: ProcessHandle, _ id: ProcessID) {
    guard servicesIfAny != nil, other.servicesIfAny != nil else { return }
    withBothLocks(other) {
      guard let here = linkPlace(other, id), let link = services().it.links[here] else { return }
      services().it.links.remove(here)
      // One that has ended has taken its end out; there may be another process's by now.
      if other.isStill(id.generation) {
        other.removeLink(link.place, to: self, it.identity)
      }
    }
  }

  /// Where the link to that process is; both locks are held.
  ///
  /// Looked for at the end with fewer places, unless the other end is out already (LI2).
  private func linkPlace(_ other: ProcessHandle, _ id: ProcessID) -> Int? {
    let (mine, its) = (services(), other.services())
    let otherLives = other.isStill(id.generation)
    if !otherLives || mine.it.links.span <= its.it.links.span {
      return mine.it.links.firstPlace { $0.process == other && $0.id == id }
    }
    let there = its.it.links.firstPlace { $0.process == self && $0.id == it.identity }
    return there.map { its.it.links[$0]!.place }
  }

  /// Takes an end of a link out, if it is that one; the lock is held.
  @discardableResult
  private func removeLink(_ place: Int, to other: ProcessHandle?, _ id: ProcessID) -> Bool {
    guard let link = services().it.links[place], link.id == id, other == nil || link.process == other else {
      return false
    }
    services().it.links.remove(place)
    return true
  }

  private func withBothLocks<Result>(_ other: ProcessHandle, _ body: () -> Result) -> Result {
    let (first, second) = bits < other.bits ? (self, other) : (other, self)  // LI3
    return first.services().it.lock.withLock {
      second.services().it.lock.withLock(body)
    }
  }

  /// Whether a signal came over a link that is still there, which is gone then (LI2).
  ///
  /// Of whom the entry is says its identity alone: the place was told by the other end.
  func takesLinkOut(_ node: Handle<MessageNode>) -> Bool {
    guard servicesIfAny != nil else { return false }
    return services().it.lock.withLock {
      removeLink(Int(node.it.sent), to: nil, ProcessID(bits: node.it.sender))
    }
  }
}
