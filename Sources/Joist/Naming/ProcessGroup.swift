// SPDX-License-Identifier: Apache-2.0
//
// Many processes under one address.
// GR1. Members are in the order in which they joined. One that leaves leaves a gap; when gaps are half of all they are
//      closed. So joining and leaving take the same time in a group of any size.
// GR2. A broadcast goes to those who were members when it began, and holds no lock while it sends: a member's mailbox
//      may make it wait.

import Synchronization

/// Many processes under one address: what is broadcast goes to each.
///
/// A member that ends leaves by itself. Members may be of several runtimes.
public final class ProcessGroup<Message: ~Copyable>: Sendable {
  private let members = GroupMembers<Message>()

  /// An empty group.
  public init() {}

  /// Adds a process; its end removes it.
  ///
  /// One that is a member already, or has ended, is not added.
  public func join(_ ref: ProcessRef<Message>) {
    guard let record = ref.record, members.add(ref) else { return }
    if let place = record.watch(ref.id, members.watch) { members.note(ref, place) } else { members.remove(ref) }
  }

  /// Removes a process.
  public func leave(_ ref: ProcessRef<Message>) {
    if let place = members.remove(ref) { ref.record?.unwatch(place, members.watch) }
  }

  /// Who is in it, in the order in which they joined.
  public var all: [ProcessRef<Message>] { members.current.compactMap { $0 } }

  /// How many are in it.
  public var count: Int { members.count }

  /// Makes one message for each member and sends it; to how many.
  ///
  /// As `send`, it waits only for mailboxes that were asked to block.
  @discardableResult
  public func broadcast(making message: () -> sending Message) -> Int {
    var count = 0
    for case let member? in members.current {
      member.send(message())
      count += 1
    }
    return count
  }
}

extension ProcessGroup where Message: Sendable {
  /// Sends the same message to each member; to how many.
  @discardableResult
  public func broadcast(_ message: Message) -> Int { broadcast { message } }
}

/// The members of a group, who may outlive it.
private final class GroupMembers<Message: ~Copyable>: Watcher {
  private struct State {
    var members: [ProcessRef<Message>?] = []
    /// Where each is, and where the watch on it is: nowhere yet while it joins.
    var places: [ProcessRef<Message>: (member: Int, watch: Int?)] = [:]
  }

  private let state = Mutex(State())

  /// With gaps (GR1); a broadcast goes by it (GR2).
  var current: [ProcessRef<Message>?] {
    Scheduler.beginCall()
    return state.withLock { $0.members }
  }

  var count: Int {
    Scheduler.beginCall()
    return state.withLock { $0.places.count }
  }

  /// False for one that is in it.
  func add(_ ref: ProcessRef<Message>) -> Bool {
    Scheduler.beginCall()
    return state.withLock { state in
      guard state.places[ref] == nil else { return false }
      state.places[ref] = (state.members.count, nil)
      state.members.append(ref)
      return true
    }
  }

  /// The watch of the group on a process.
  var watch: Watch { .object(self, isFirst: false) }

  /// Where the watch on a member is.
  func note(_ ref: ProcessRef<Message>, _ place: Int) {
    state.withLock { $0.places[ref]?.watch = place }
  }

  /// Where its watch was; nil for one that is not in it, or without a watch.
  @discardableResult
  func remove(_ ref: ProcessRef<Message>) -> Int? {
    state.withLock { state in
      guard let place = state.places.removeValue(forKey: ref) else { return nil }
      state.members[place.member] = nil
      if state.members.count > 16 && state.places.count < state.members.count / 2 {
        state.members.removeAll { $0 == nil }
        for (place, member) in state.members.enumerated() { state.places[member!]?.member = place }
      }
      return place.watch
    }
  }

  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason) {
    remove(ProcessRef(record: process, id: id))
  }
}
