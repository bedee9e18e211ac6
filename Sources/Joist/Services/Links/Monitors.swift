// SPDX-License-Identifier: Apache-2.0
//
// Monitors: a process gets one message when another process ends.
//
// A monitor consists of two entries. The watch is kept by the process that is watched (WA1). The monitor, with the
// closure that makes the message, is kept by its owner, and no other thread touches it. Each names the index of the
// other, so that either is removed in constant time.
//
// The news of the end comes as a node, in the order of the mailbox, behind the messages that the other process sent
// before. When the owner takes the node in, it makes the message and removes the monitor, if the monitor is still
// there. After `demonitor` the message does not come: a node that comes later finds no monitor, and a message that was
// made already is taken out of the mailbox. When the owner ends, it takes its watches back.
//
// Each `Monitors` has a number that is unique in the program, counts its monitors from 1, and is kept with the record
// for the program's life (R7). So no two monitors of the program have the same `MonitorID`, and a process that gets a
// `MonitorID` can tell whether it is its own.

import Synchronization

/// The identity of a monitor, unique in the program.
public struct MonitorID: Sendable, Hashable {
  /// Its number among the monitors of its owner.
  fileprivate let number: UInt64
  /// The number of its `Monitors`.
  fileprivate let owner: UInt32
  /// Its index in its `Monitors`.
  fileprivate let index: UInt32
}

/// The news that a monitor brings: which process has ended, and why.
public struct Down: Sendable {
  /// The process that has ended.
  public let process: ProcessID
  /// The reason of the end; ``ExitReason/noProcess`` if the process had ended before it was monitored.
  public let reason: ExitReason
  /// The monitor that brings the news.
  public let monitor: MonitorID
}

extension MonitorID: CustomStringConvertible {
  /// A description such as `monitor 3`; no two monitors of a process have the same number.
  public var description: String { "monitor \(number)" }
}

extension Down: CustomStringConvertible {
  /// A description such as `#123.4 ended: shutdown (monitor 3)`.
  public var description: String { "\(process) ended: \(reason) (\(monitor))" }
}

/// The monitors of one process.
struct Monitors {
  fileprivate struct Monitor {
    let number: UInt64
    let process: ProcessHandle?
    /// The index of its watch; -1 if there is none.
    var watch: Int
    let make: NoticeMaker<Down>
  }

  fileprivate var monitors = SlotMap<Monitor>()
  private var lastNumber: UInt64 = 0
  /// Its number, unique in the program; zero before its first monitor.
  private var owner: UInt32 = 0
  // Ordering: relaxed, because each caller gets another number in any order.
  private static let lastOwner = Atomic<UInt32>(0)

  static var types: [Any.Type] { SlotMap<Monitor>.types }

  var isEmpty: Bool { monitors.count == 0 }
  var bytes: Int { monitors.bytes }
  /// The processes that are monitored.
  var processes: [ProcessID] {
    var found: [ProcessID] = []
    monitors.each { if let process = $1.process { found.append(process.id) } }
    return found
  }

  fileprivate mutating func add(_ process: ProcessHandle?, _ make: @escaping NoticeMaker<Down>) -> MonitorID {
    if owner == 0 { owner = Monitors.lastOwner.wrappingAdd(1, ordering: .relaxed).newValue }
    lastNumber += 1
    // Not as an argument of the call on `self` below, which would copy all monitors.
    let index = monitors.add(Monitor(number: lastNumber, process: process, watch: -1, make: make))
    return id(lastNumber, at: index)
  }

  fileprivate func id(_ number: UInt64, at index: Int) -> MonitorID {
    MonitorID(number: number, owner: owner, index: UInt32(truncatingIfNeeded: index))
  }

  /// Whether a monitor is, or was, one of these.
  fileprivate func isOwn(_ id: MonitorID) -> Bool { id.owner == owner && owner != 0 }

  /// Removes a monitor and returns it; returns nil if it is not there.
  fileprivate mutating func remove(_ id: MonitorID) -> Monitor? {
    guard isOwn(id), let monitor = monitors[Int(id.index)], monitor.number == id.number else { return nil }
    monitors.remove(Int(id.index))
    return monitor
  }
}

extension Handle<ProcessRecord> {
  /// Monitors another process, or tells this one at once that there is no such process; called on its own stack.
  @usableFromInline
  func monitor(_ other: Handle<ProcessRecord>?, _ id: ProcessID, _ make: @escaping NoticeMaker<Down>) -> MonitorID {
    let services = services()
    let monitor = services.it.monitors.add(other, make)
    if let watch = other?.watch(id, .monitor(self, it.identity, monitor)) {
      services.it.monitors.monitors.change(Int(monitor.index)) { $0.watch = watch }
    } else {
      tellDown(Down(process: id, reason: .noProcess, monitor: monitor), it.identity)
    }
    return monitor
  }

  /// Ends a monitor if it is this process's own; called on its own stack.
  func demonitor(_ id: MonitorID) {
    guard servicesIfAny?.it.monitors.isOwn(id) ?? false else { return }
    if let monitor = services().it.monitors.remove(id) { return unwatch(monitor, id) }
    collectMail()
    guard let message = it.mailbox.removeNotice(id.noticeNumber) else { return }
    // It was counted as sent when it was made.
    Scheduler.current!.it.counters.messagesDestroyed.add()
    message.discard()
  }

  private func unwatch(_ monitor: Monitors.Monitor, _ id: MonitorID) {
    if monitor.watch >= 0 { monitor.process?.unwatch(monitor.watch, .monitor(self, it.identity, id)) }
  }

  /// Sends the news of an end to a process that watched for it; called on any thread.
  // Ordering: relaxed, a guess (R9); a node for a process that has ended is discarded.
  func tellDown(_ down: Down, _ watcher: ProcessID) {
    guard it.generation.load(ordering: .relaxed) == watcher.generation else { return }
    let delivery = Delivery.begin(Down.self)
    delivery.put(down)
    delivery.node.it.kind = .down
    delivery.node.it.sender = down.process.bits
    delivery.node.it.generation = watcher.generation
    if delivery.push(to: self) != nil { delivery.node.discard() }
  }

  /// Makes the message for the news of an end, and removes the monitor; returns nil if the monitor is not there.
  func takeDown(_ node: Handle<MessageNode>) -> Handle<MessageNode>? {
    let (sender, sent) = (node.it.sender, node.it.sent)
    let down = node.open(as: Down.self)
    guard let monitor = services().it.monitors.remove(down.monitor) else { return nil }
    return notice(of: monitor.make(down), from: sender, sent, number: down.monitor.noticeNumber)
  }

  /// Removes all monitors, and takes back their watches.
  func endMonitors() {
    let services = services()
    if services.it.monitors.isEmpty { return }
    let monitors = services.it.monitors.monitors.takeAll()
    monitors.each { index, monitor in unwatch(monitor, services.it.monitors.id(monitor.number, at: index)) }
  }
}

extension MonitorID {
  /// The part of the number that fits into a notice: enough to tell it from the other notices in the mailbox.
  fileprivate var noticeNumber: UInt32 { UInt32(truncatingIfNeeded: number) }
}

extension Mailbox {
  /// Takes out the message that was made for the monitor with that number; returns nil if there is none.
  fileprivate mutating func removeNotice(_ number: UInt32) -> Handle<MessageNode>? {
    var before: Handle<MessageNode>?
    var next = first
    while let node = next {
      if node.it.kind == .notice && node.it.generation == number { return remove(after: before) }
      before = node
      next = node.it.next
    }
    return nil
  }
}
