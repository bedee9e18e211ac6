// SPDX-License-Identifier: Apache-2.0
//
// Who is in a group.
// GR1. Members are in the order in which they joined. One that leaves leaves a gap; when gaps are half of all they are
//      closed. So joining and leaving take the same time in a group of any size.
// GR2. A broadcast goes to those who were members when it began, and holds no lock while it sends: a member's mailbox
//      may make it wait.
// GR3. Malloc is not called under the lock, for it may fail: what needs more room has it made before.

import Synchronization

/// A member of a group, whatever its messages are.
struct GroupMember: Hashable {
  let record: ProcessHandle
  let id: ProcessID

  /// Nil for one that never lived.
  init?<Message: ~Copyable>(_ ref: ProcessRef<Message>) {
    guard let record = ref.record else { return nil }
    self.init(record, ref.id)
  }

  fileprivate init(_ record: ProcessHandle, _ id: ProcessID) {
    self.record = record
    self.id = id
  }

  func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// The members of a group, who may outlive it.
final class GroupMembers: Watcher {
  /// Where a member is, and where the watch on it is: nowhere yet while it joins.
  private struct Seat {
    var member: Int
    var watch: Int?
  }

  private struct State {
    var members: [GroupMember?] = []
    var places: [GroupMember: Seat] = [:]

    /// Nobody, with room for so many.
    init(roomFor count: Int = 0) {
      members.reserveCapacity(count)
      places.reserveCapacity(count)
    }

    /// Whether there is room for one more, after moving to another's where that is larger (GR3).
    mutating func hasRoom(_ other: inout State) -> Bool {
      members.hasRoom(&other.members) && places.hasRoom(&other.places)
    }

    /// Closes the gaps (GR1).
    mutating func close() {
      members.removeAll { $0 == nil }
      for (index, member) in members.enumerated() {
        places[member!] = Seat(member: index, watch: places[member!]!.watch)
      }
    }
  }

  private let state = Mutex(State())

  /// With gaps (GR1); a broadcast goes by it (GR2).
  var current: [GroupMember?] {
    Scheduler.beginCall()
    var members: [GroupMember?] = []
    while let missing = state.withLock({ members.fill(from: $0.members) }) { members.reserveCapacity(missing) }
    return members
  }

  var count: Int {
    Scheduler.beginCall()
    return state.withLock { $0.places.count }
  }

  /// False for one that is in it.
  func add(_ member: GroupMember) -> Bool {
    Scheduler.beginCall()
    var room = State()
    while true {
      var size = 0
      let isNew: Bool? = state.withLock { state in
        guard state.places[member] == nil else { return false }
        size = state.members.count
        guard state.hasRoom(&room) else { return nil }
        state.places[member] = Seat(member: size)
        state.members.append(member)
        return true
      }
      if let isNew { return isNew }
      room = State(roomFor: max(4, 2 * size))
    }
  }

  /// The watch of the group on a process.
  var watch: Watch { .object(self, isFirst: false) }

  /// Notes where the watch on a member is; false where that member has left meanwhile, or joined anew with a watch of
  /// its own: then the caller takes this watch back.
  func note(_ member: GroupMember, _ watch: Int) -> Bool {
    state.withLock { state in
      guard let place = state.places[member], place.watch == nil else { return false }
      state.places[member] = Seat(member: place.member, watch: watch)
      return true
    }
  }

  /// Where its watch was; nil for one that is not in it, or without a watch.
  @discardableResult
  func remove(_ member: GroupMember) -> Int? {
    state.withLock { state in
      guard let place = state.places.removeValue(forKey: member) else { return nil }
      state.members[place.member] = nil
      if state.members.count > 16 && state.places.count < state.members.count / 2 { state.close() }
      return place.watch
    }
  }

  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason) {
    remove(GroupMember(process, id))
  }
}
