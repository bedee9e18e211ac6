// SPDX-License-Identifier: Apache-2.0
//
// The public interface to process groups (`GroupMembers`).

/// A group of processes under one address: a broadcast goes to each of them.
///
/// A member that ends leaves the group by itself. Members may belong to several runtimes.
public final class ProcessGroup<Message: ~Copyable>: Sendable {
  private let members = GroupMembers()

  /// Makes an empty group.
  public init() {}

  /// Adds a process, which leaves the group when it ends.
  ///
  /// Does nothing if the process is a member already, or has ended.
  public func join(_ ref: ProcessRef<Message>) {
    guard let member = GroupMember(ref), members.add(member) else { return }
    if let watchIndex = member.record.watch(ref.id, members.watch) {
      if !members.note(member, watchIndex) { member.record.unwatch(watchIndex, members.watch) }
    } else {
      members.remove(member)
    }
  }

  /// Removes a process.
  public func leave(_ ref: ProcessRef<Message>) {
    guard let member = GroupMember(ref), let watchIndex = members.remove(member) else { return }
    member.record.unwatch(watchIndex, members.watch)
  }

  /// The members, in the order in which they joined.
  public var all: [ProcessRef<Message>] {
    members.current.compactMap { $0.map { ProcessRef(record: $0.record, id: $0.id) } }
  }

  /// The number of members.
  public var count: Int { members.count }

  /// Makes one message for each member and sends it.
  ///
  /// Waits only for mailboxes whose policy is to block, as `send` does.
  /// - Returns: The number of members that a message was sent to.
  @discardableResult
  public func broadcast(making message: () -> sending Message) -> Int {
    var count = 0
    for case let member? in members.current {
      ProcessRef<Message>(record: member.record, id: member.id).send(message())
      count += 1
    }
    return count
  }
}

extension ProcessGroup where Message: Sendable {
  /// Sends the same message to each member.
  ///
  /// - Returns: The number of members that the message was sent to.
  @discardableResult
  public func broadcast(_ message: Message) -> Int { broadcast { message } }
}
