// SPDX-License-Identifier: Apache-2.0
//
// Many processes under one address; rules GR1 to GR3 (`GroupMembers`).

/// Many processes under one address: what is broadcast goes to each.
///
/// A member that ends leaves by itself. Members may be of several runtimes.
public final class ProcessGroup<Message: ~Copyable>: Sendable {
  private let members = GroupMembers()

  /// An empty group.
  public init() {}

  /// Adds a process; its end removes it.
  ///
  /// One that is a member already, or has ended, is not added.
  public func join(_ ref: ProcessRef<Message>) {
    guard let member = GroupMember(ref), members.add(member) else { return }
    if let place = member.record.watch(ref.id, members.watch) {
      if !members.note(member, place) { member.record.unwatch(place, members.watch) }
    } else {
      members.remove(member)
    }
  }

  /// Removes a process.
  public func leave(_ ref: ProcessRef<Message>) {
    guard let member = GroupMember(ref), let place = members.remove(member) else { return }
    member.record.unwatch(place, members.watch)
  }

  /// Who is in it, in the order in which they joined.
  public var all: [ProcessRef<Message>] {
    members.current.compactMap { $0.map { ProcessRef(record: $0.record, id: $0.id) } }
  }

  /// How many are in it.
  public var count: Int { members.count }

  /// Makes one message for each member and sends it; to how many.
  ///
  /// As `send`, it waits only for mailboxes that were asked to block.
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
  /// Sends the same message to each member; to how many.
  @discardableResult
  public func broadcast(_ message: Message) -> Int { broadcast { message } }
}
