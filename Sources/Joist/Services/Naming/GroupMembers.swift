// SPDX-License-Identifier: Apache-2.0
//
// The members of a process group.
// GR1. Members are in the order in which they joined. A member that leaves leaves a gap; when half of the positions are
//      gaps, the gaps are closed. So joining and leaving take the same time in a group of any size.
// GR3. Malloc is not called under the lock, because it may fail: spare capacity is allocated before.
//
// A broadcast goes to the processes that were members when it began. It holds no lock while it sends, because a
// member's mailbox may make it wait.

import Synchronization

/// A member of a group, without the type of its messages.
struct GroupMember: Hashable {
  let record: ProcessHandle
  let id: ProcessID

  /// Makes a member; returns nil for a reference to a process that never lived.
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

/// The members of a group; the watches of member processes may keep this object longer than the group lives.
final class GroupMembers: Watcher {
  /// The position of a member in the list, and the index of the watch on it; nil while the member joins.
  private struct Position {
    var index: Int
    var watch: Int?
  }

  private struct State {
    var members: [GroupMember?] = []
    var positions: [GroupMember: Position] = [:]

    /// Makes an empty state with capacity for `count` members.
    init(roomFor count: Int = 0) {
      members.reserveCapacity(count)
      positions.reserveCapacity(count)
    }

    /// Returns whether one more member fits, after moving into the memory of `other` if that is larger (GR3).
    mutating func hasRoom(_ other: inout State) -> Bool {
      members.hasRoom(&other.members) && positions.hasRoom(&other.positions)
    }

    /// Closes the gaps (GR1).
    mutating func close() {
      members.removeAll { $0 == nil }
      for (index, member) in members.enumerated() {
        positions[member!] = Position(index: index, watch: positions[member!]!.watch)
      }
    }
  }

  private let state = Mutex(State())

  /// The members, with gaps (GR1), as a broadcast uses them.
  var current: [GroupMember?] {
    Scheduler.beginCall()
    var members: [GroupMember?] = []
    while let missing = state.withLock({ members.fill(from: $0.members) }) { members.reserveCapacity(missing) }
    return members
  }

  var count: Int {
    Scheduler.beginCall()
    return state.withLock { $0.positions.count }
  }

  /// Adds a member; returns false if the process is a member already.
  func add(_ member: GroupMember) -> Bool {
    Scheduler.beginCall()
    var room = State()
    while true {
      var size = 0
      let isNew: Bool? = state.withLock { state in
        guard state.positions[member] == nil else { return false }
        size = state.members.count
        guard state.hasRoom(&room) else { return nil }
        state.positions[member] = Position(index: size)
        state.members.append(member)
        return true
      }
      if let isNew { return isNew }
      room = State(roomFor: max(4, 2 * size))
    }
  }

  /// The watch of the group on a process.
  var watch: Watch { .object(self, isFirst: false) }

  /// Records the index of the watch on a member.
  ///
  /// Returns false if the member has left meanwhile, or has joined again with another watch; the caller then removes
  /// this watch.
  func note(_ member: GroupMember, _ watch: Int) -> Bool {
    state.withLock { state in
      guard let position = state.positions[member], position.watch == nil else { return false }
      state.positions[member] = Position(index: position.index, watch: watch)
      return true
    }
  }

  /// Removes a member, and returns the index of its watch; nil for a process that is not a member, or has no watch yet.
  @discardableResult
  func remove(_ member: GroupMember) -> Int? {
    state.withLock { state in
      guard let position = state.positions.removeValue(forKey: member) else { return nil }
      state.members[position.index] = nil
      if state.members.count > 16 && state.positions.count < state.members.count / 2 { state.close() }
      return position.watch
    }
  }

  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason) {
    remove(GroupMember(process, id))
  }
}
