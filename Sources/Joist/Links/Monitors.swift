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

import Synchronization

/// What makes a message of something that the runtime has to tell.
@usableFromInline
typealias NoticeMaker<News> = @Sendable (News) -> Handle<MessageNode>

/// Names one `monitor`.
public struct MonitorID: Sendable, Hashable {
  /// In the upper half a number, in the lower half the place.
  fileprivate let bits: UInt64

  fileprivate init(number: UInt32, place: Int) { bits = UInt64(number) << 32 | UInt64(place) }

  fileprivate var number: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
  fileprivate var place: Int { Int(UInt32(truncatingIfNeeded: bits)) }
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

/// The monitors of one process.
struct Monitors {
  fileprivate struct Monitor {
    let number: UInt32
    let process: ProcessHandle?
    /// Where its watch is; -1 for none.
    var watch: Int
    let make: NoticeMaker<Down>
  }

  fileprivate var monitors = Places<Monitor>()
  private var lastNumber: UInt32 = 0

  var isEmpty: Bool { monitors.count == 0 }
  var bytes: Int { monitors.bytes }

  fileprivate mutating func add(_ process: ProcessHandle?, _ make: @escaping NoticeMaker<Down>) -> MonitorID {
    lastNumber = lastNumber == .max ? 1 : lastNumber + 1
    return MonitorID(
      number: lastNumber,
      place: monitors.add(Monitor(number: lastNumber, process: process, watch: -1, make: make))
    )
  }

  /// Takes it out, if it is there.
  fileprivate mutating func remove(_ id: MonitorID) -> Monitor? {
    guard let monitor = monitors[id.place], monitor.number == id.number else { return nil }
    monitors.remove(id.place)
    return monitor
  }
}

extension Handle<ProcessRecord> {
  /// Monitors a process (MO1); from its own stack.
  @usableFromInline
  func monitor(_ other: Handle<ProcessRecord>?, _ id: ProcessID, _ make: @escaping NoticeMaker<Down>) -> MonitorID {
    let extras = extras()
    let monitor = extras.it.monitors.add(other, make)
    if let place = other?.watch(id, .monitor(self, it.identity, monitor)) {
      extras.it.monitors.monitors.change(monitor.place) { $0.watch = place }
    } else {
      tellDown(Down(process: id, reason: .noProcess, monitor: monitor), it.identity)
    }
    return monitor
  }

  /// Ends a monitor (MO3); from its own stack.
  func demonitor(_ id: MonitorID) {
    guard hasExtras else { return }
    guard let monitor = extras().it.monitors.remove(id) else {
      collectMail()
      it.mailbox.removeNotice(id.number)?.discard()
      return
    }
    unwatch(monitor, id)
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
    if it.inbox.push(delivery.node) { wake(from: delivery.scheduler) }
  }

  /// The message for that end; nil when the monitor has gone (MO2).
  func takeDown(_ node: Handle<MessageNode>) -> Handle<MessageNode>? {
    let (who, sent) = (node.it.sender, node.it.sent)
    let down = node.open(as: Down.self)
    guard let monitor = extras().it.monitors.remove(down.monitor) else { return nil }
    return notice(of: monitor.make(down), from: who, sent, number: monitor.number)
  }

  /// Makes a notice of a message that was just made.
  func notice(
    of node: Handle<MessageNode>,
    from sender: UInt64,
    _ sent: UInt64,
    number: UInt32 = 0
  ) -> Handle<MessageNode> {
    node.it.kind = .notice
    node.it.sender = sender
    node.it.sent = sent
    node.it.generation = number
    Scheduler.current!.it.figures.messagesSent.add()
    return node
  }

  /// Takes all watches back (MO4).
  func endMonitors() {
    let extras = extras()
    if extras.it.monitors.isEmpty { return }
    let monitors = extras.it.monitors.monitors.takeAll()
    monitors.each { place, monitor in unwatch(monitor, MonitorID(number: monitor.number, place: place)) }
  }
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
