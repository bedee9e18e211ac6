// SPDX-License-Identifier: Apache-2.0
//
// Links: when one of two linked processes ends, the other gets an exit signal.
//
// A link is two entries, one in the extras of each process, and each names the index of the other. Both are added and
// removed under both locks, so there is never half a link between two live processes. The two locks are taken in the
// order of their addresses; nothing else depends on that order.
//
// LI2. A process that ends takes out all its links at once, and sends each linked process an exit signal that names the
//      index of the other entry. The receiver takes that entry out when it takes the signal in. A signal that finds no
//      such entry is of a link that was cut meanwhile, and is ignored.

import Synchronization

/// One end of a link.
struct Link {
  /// The process at the other end.
  let process: ProcessHandle
  let id: ProcessID
  /// The index of the other end among the links of that process.
  var otherIndex = -1
}

extension ProcessContext where Message: ~Copyable {
  /// Ends this process because of an exit signal that it trapped.
  ///
  /// If the signal came over a link, the end is reported as one that a link caused.
  package func exit(becauseOf signal: ExitSignal) throws(ProcessExit) -> Never {
    _ = record.here(generation)
    if !record.hasExitReason && !signal.reason.isOrderly { record.extras().it.exitOrigin = signal.origin }
    throw ProcessExit(reason: signal.reason)
  }
}

extension Handle<ProcessRecord> {
  /// Links this process, which lives, to another; returns false if that has ended.
  ///
  /// Two processes that are linked already stay linked once.
  func link(_ other: ProcessHandle, _ id: ProcessID) -> Bool {
    // Then `id` names an earlier process of this record, which has ended.
    if other == self { return false }
    let (own, others) = (services(), other.services())
    var (ownSpare, othersSpare) = (SlotMap<Link>.Room(), SlotMap<Link>.Room())
    while true {
      let isLinked: Bool? = withBothLocks(other) {
        guard other.isStill(id.generation) else { return false }
        if linkIndex(other, id) != nil { return true }
        guard own.it.links.hasRoom(&ownSpare), others.it.links.hasRoom(&othersSpare) else { return nil }
        let ownIndex = own.it.links.add(Link(process: other, id: id))
        let otherIndex = others.it.links.add(Link(process: self, id: it.identity, otherIndex: ownIndex))
        own.it.links.change(ownIndex) { $0.otherIndex = otherIndex }
        return true
      }
      if let isLinked { return isLinked }
      ownSpare.grow()
      othersSpare.grow()
    }
  }

  /// Removes both ends of the link to another process, if there is a link.
  func unlink(_ other: ProcessHandle, _ id: ProcessID) {
    guard servicesIfAny != nil, other.servicesIfAny != nil else { return }
    withBothLocks(other) {
      guard let index = linkIndex(other, id), let link = services().it.links[index] else { return }
      services().it.links.remove(index)
      // A process that has ended has taken its end out; another process's link may have that index by now.
      if other.isStill(id.generation) {
        other.removeLink(link.otherIndex, to: self, it.identity)
      }
    }
  }

  /// Returns the index of the link to that process; nil if there is none.
  ///
  /// The caller holds both locks. Searches the shorter of the two lists, but only its own list if the other process has
  /// ended (LI2).
  private func linkIndex(_ other: ProcessHandle, _ id: ProcessID) -> Int? {
    let (own, others) = (services(), other.services())
    let otherLives = other.isStill(id.generation)
    if !otherLives || own.it.links.span <= others.it.links.span {
      return own.it.links.firstPlace { $0.process == other && $0.id == id }
    }
    let otherIndex = others.it.links.firstPlace { $0.process == self && $0.id == it.identity }
    return otherIndex.map { others.it.links[$0]!.otherIndex }
  }

  /// Removes an end of a link, and returns whether that index was an end of a link to that process; the lock is held.
  @discardableResult
  private func removeLink(_ index: Int, to other: ProcessHandle?, _ id: ProcessID) -> Bool {
    guard let link = services().it.links[index], link.id == id, other == nil || link.process == other else {
      return false
    }
    services().it.links.remove(index)
    return true
  }

  /// Runs the body under the locks of both processes, in the order of their addresses.
  private func withBothLocks<Result>(_ other: ProcessHandle, _ body: () -> Result) -> Result {
    let (first, second) = bits < other.bits ? (self, other) : (other, self)
    return first.services().it.lock.withLock {
      second.services().it.lock.withLock(body)
    }
  }

  /// Removes the link over which an exit signal came; returns false if that link was cut meanwhile (LI2).
  ///
  /// The sender's id alone identifies the link, because the sender has told the index.
  func takesLinkOut(_ node: Handle<MessageNode>) -> Bool {
    guard servicesIfAny != nil else { return false }
    return services().it.lock.withLock {
      removeLink(Int(node.it.sent), to: nil, ProcessID(bits: node.it.sender))
    }
  }
}
