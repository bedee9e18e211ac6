// SPDX-License-Identifier: Apache-2.0
//
// Reads the entries of one ring in order, and makes events of them.

/// A reader of the entries of one ring.
package struct RecorderReader {
  private let ticksPerSecond: UInt64
  private var events: [RecorderEvent] = []
  /// The process that runs, as far as the entries have said.
  private var running: ProcessID?
  /// What the running process waits for, if an entry has said it, and whether its slice was used up.
  private var reason = WaitReason.receive
  private var isUsedUp = false
  /// An entry that the next one completes.
  private var open: RecorderEntry?
  /// The index of the first event since the last time, and that time.
  private var firstUntimed = 0
  private var lastTime: UInt64 = 0

  private init(ticksPerSecond: UInt64) { self.ticksPerSecond = ticksPerSecond }

  /// Returns the events that the entries stand for; `running` is the process that runs at the beginning.
  package static func events(
    _ entries: [RecorderEntry],
    ticksPerSecond: UInt64,
    running: ProcessID? = nil
  ) -> [RecorderEvent] {
    var reader = RecorderReader(ticksPerSecond: ticksPerSecond)
    reader.running = running
    for entry in entries { reader.read(entry) }
    reader.placeEvents(until: nil)
    return reader.events
  }

  private mutating func read(_ entry: RecorderEntry) {
    guard let kind = entry.kind else { return }
    switch kind {
    case .time: placeEvents(until: entry.payload)
    case .afterYield, .afterWait, .afterHibernation, .afterEnd:
      leave(
        running,
        RecorderEntry.Kind(
          rawValue: kind.rawValue - RecorderEntry.Kind.afterYield.rawValue
            + RecorderEntry.Kind.yielded.rawValue
        )!
      )
      begin(entry.process)
    case .yielded, .waits, .hibernates, .exited:
      leave(entry.process, kind)
      running = nil
    case .run: begin(entry.process)
    case .reason: reason = WaitReason(rawValue: UInt8(truncatingIfNeeded: entry.payload)) ?? .receive
    case .preempted: isUsedUp = true
    case .spawned: add(.spawned, entry.process, running)
    case .ready: add(.ready, entry.process, running)
    case .held: add(.held, entry.process)
    case .framesSaved: add(.framesSaved, entry.process)
    case .framesRestored: add(.framesRestored, entry.process)
    case .replied: add(.replied, running, entry.process)
    case .dropped: add(.dropped, running, entry.process)
    case .ended: add(.ended(RecordedEnd(rawValue: entry.payload).map { "\($0)" } ?? "other"), running)
    case .crashed: add(.crashed(signal: Int(entry.payload)), running)
    case .token: add(.token(TraceToken(entry.payload)), running)
    case .collected: add(.collected(duration(entry.payload)), running)
    case .stole: add(.stole(count: Int(entry.payload & 0xffff_ffff), from: Int(entry.payload >> 32)), nil)
    case .scheduler: addActivity(RecordedActivity(rawValue: entry.payload))
    case .sent, .received, .mark, .intervalBegan, .intervalEnded: open = entry
    case .message, .value: complete(with: entry.payload)
    }
  }

  private mutating func begin(_ process: ProcessID) {
    add(.began, process)
    running = process
    (reason, isUsedUp) = (.receive, false)
  }

  private mutating func leave(_ process: ProcessID?, _ kind: RecorderEntry.Kind) {
    guard let process else { return }
    switch kind {
    case .yielded: add(.left(isUsedUp ? .preempted : .yielded), process)
    case .waits: add(.left(.waits(reason)), process)
    case .hibernates: add(.left(.hibernated), process)
    default: add(.left(.exited), process)
    }
  }

  private mutating func addActivity(_ activity: RecordedActivity?) {
    switch activity {
    case .slept: add(.slept, nil)
    case .woke: add(.woke, nil)
    case .wasStuck: add(.wasStuck, nil)
    case nil: break
    }
  }

  /// Adds the event of an entry that has its second half now.
  private mutating func complete(with payload: UInt64) {
    guard let entry = open.take() else { return }
    // The payload has 59 bits; the sign of a value is its last one.
    let value = Int(Int64(bitPattern: payload << 5) >> 5)
    switch entry.kind {
    case .sent: add(.sent(message: payload), running, entry.process)
    case .received: add(.received(message: payload), running, entry.payload == 0 ? nil : entry.process)
    case .mark: add(.mark(name: entry.payload, value: value), running)
    case .intervalBegan: add(.intervalBegan(name: entry.payload), running)
    case .intervalEnded: add(.intervalEnded(name: entry.payload), running)
    default: break
    }
  }

  private mutating func add(_ kind: RecorderEvent.Kind, _ process: ProcessID?, _ other: ProcessID? = nil) {
    events.append(RecorderEvent(ticks: lastTime, kind: kind, process: process, other: other))
  }

  /// Places the events since the last time evenly up to this one; without one, at the last time.
  private mutating func placeEvents(until time: UInt64?) {
    let count = UInt64(events.count - firstUntimed)
    if let time, time > lastTime, lastTime > 0, count > 0 {
      let step = (time - lastTime) / (count + 1)
      for index in firstUntimed..<events.count {
        let event = events[index]
        let ticks = lastTime + step * UInt64(index - firstUntimed + 1)
        events[index] = RecorderEvent(ticks: ticks, kind: event.kind, process: event.process, other: event.other)
      }
    }
    firstUntimed = events.count
    if let time { lastTime = max(time, lastTime) }
  }

  private func duration(_ ticks: UInt64) -> Duration {
    .nanoseconds(
      Int64(clamping: ticks.multipliedReportingOverflow(by: 1_000).partialValue / max(1, ticksPerSecond / 1_000_000))
    )
  }
}
