// SPDX-License-Identifier: Apache-2.0
//
// Monitors: one process is told by a message of the end of another.
// MO1. The watch is the other's (WA1); the monitor, with what makes the message, is its owner's, and touched by nobody
//      else. The watch names its monitor and the monitor its watch, so either is taken out at once.
// MO2. The end comes as a node in the mailbox's order, behind what the other sent before. The owner makes the message
//      when it takes the node in, if the monitor is still there; then the monitor is gone.
// MO3. After `demonitor` the message does not come: a node finds no monitor, a message that was made already is taken
//      out of the mailbox again.
// MO4. When the owner ends it takes its watches back.
// MO5. Each `Monitors` has a number of its own in the program, its monitors are counted from 1 on, and it is kept for
//      the program's life (R7). So no two monitors of the program have the same `MonitorID`, and whoever is given one
//      knows whether it is its own.

import Synchronization

/// Names one `monitor`; no other in the program has the same.
public struct MonitorID: Sendable, Hashable {
  /// Its number among those of its `Monitors` (MO5).
  fileprivate let number: UInt64
  /// The number of its `Monitors`.
  fileprivate let owner: UInt32
  /// Where it is there.
  fileprivate let place: UInt32
}

/// What a monitor tells: who ended, and why.
public struct Down: Sendable {
  /// Who ended.
  public let process: ProcessID
  /// Why; `.noProcess` when it had ended before the monitor was there.
  public let reason: ExitReason
  /// Which `monitor` this answers.
  public let monitor: MonitorID
}

extension MonitorID: CustomStringConvertible {
  /// As in `monitor 3`; no two of a process have the same number.
  public var description: String { "monitor \(number)" }
}

extension Down: CustomStringConvertible {
  /// As in `#123.4 ended: shutdown (monitor 3)`.
  public var description: String { "\(process) ended: \(reason) (\(monitor))" }
}

/// The monitors of one process.
struct Monitors {
  fileprivate struct Monitor {
    let number: UInt64
    let process: ProcessHandle?
    /// Where its watch is; -1 for none.
    var watch: Int
    let make: NoticeMaker<Down>
  }

  fileprivate var monitors = SlotMap<Monitor>()
  private var lastNumber: UInt64 = 0
  /// Its number in the program (MO5); zero before its first monitor.
  private var owner: UInt32 = 0
  // Ordering: relaxed, for each caller gets another number, whatever the order.
  private static let lastOwner = Atomic<UInt32>(0)

  static var types: [Any.Type] { SlotMap<Monitor>.types }

  var isEmpty: Bool { monitors.count == 0 }
  var bytes: Int { monitors.bytes }

  fileprivate mutating func add(_ process: ProcessHandle?, _ make: @escaping NoticeMaker<Down>) -> MonitorID {
    if owner == 0 { owner = Monitors.lastOwner.wrappingAdd(1, ordering: .relaxed).newValue }
    lastNumber += 1
    // First, alone: as an argument of a call on `self` it would copy them all.
    let place = monitors.add(Monitor(number: lastNumber, process: process, watch: -1, make: make))
    return id(lastNumber, at: place)
  }

  fileprivate func id(_ number: UInt64, at place: Int) -> MonitorID {
    MonitorID(number: number, owner: owner, place: UInt32(truncatingIfNeeded: place))
  }

  /// Whether a monitor is, or was, one of these (MO5).
  fileprivate func isOwn(_ id: MonitorID) -> Bool { id.owner == owner && owner != 0 }

  /// Takes it out, if it is there.
  fileprivate mutating func remove(_ id: MonitorID) -> Monitor? {
    guard isOwn(id), let monitor = monitors[Int(id.place)], monitor.number == id.number else { return nil }
    monitors.remove(Int(id.place))
    return monitor
  }
}

extension Handle<ProcessRecord> {
  /// Monitors a process (MO1); from its own stack.
  @usableFromInline
  func monitor(_ other: Handle<ProcessRecord>?, _ id: ProcessID, _ make: @escaping NoticeMaker<Down>) -> MonitorID {
    let services = services()
    let monitor = services.it.monitors.add(other, make)
    if let place = other?.watch(id, .monitor(self, it.identity, monitor)) {
      services.it.monitors.monitors.change(Int(monitor.place)) { $0.watch = place }
    } else {
      tellDown(Down(process: id, reason: .noProcess, monitor: monitor), it.identity)
    }
    return monitor
  }

  /// Ends a monitor (MO3), if it is this process's own (MO5); from its own stack.
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

  /// Has a process know of an end; from any thread.
  // Ordering: a guess (R9); a node for one that has ended is thrown away.
  func tellDown(_ down: Down, _ watcher: ProcessID) {
    guard it.generation.load(ordering: .relaxed) == watcher.generation else { return }
    let delivery = Delivery.begin(Down.self)
    delivery.put(down)
    delivery.node.it.kind = .down
    delivery.node.it.sender = down.process.bits
    delivery.node.it.generation = watcher.generation
    if delivery.push(to: self) != nil { delivery.node.discard() }
  }

  /// The message for that end; nil when the monitor has gone (MO2).
  func takeDown(_ node: Handle<MessageNode>) -> Handle<MessageNode>? {
    let (who, sent) = (node.it.sender, node.it.sent)
    let down = node.open(as: Down.self)
    guard let monitor = services().it.monitors.remove(down.monitor) else { return nil }
    return notice(of: monitor.make(down), from: who, sent, number: down.monitor.noticeNumber)
  }

  /// Takes all watches back (MO4).
  func endMonitors() {
    let services = services()
    if services.it.monitors.isEmpty { return }
    let monitors = services.it.monitors.monitors.takeAll()
    monitors.each { place, monitor in unwatch(monitor, services.it.monitors.id(monitor.number, at: place)) }
  }
}

extension MonitorID {
  /// What a notice has room for: enough to tell it from the others that lie in a mailbox at the same time.
  fileprivate var noticeNumber: UInt32 { UInt32(truncatingIfNeeded: number) }
}

extension Mailbox {
  /// Takes out the message that was made for the monitor with that number.
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
