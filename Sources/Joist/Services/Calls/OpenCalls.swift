// SPDX-License-Identifier: Apache-2.0
//
// The requests that a process has received and may still reply to, so that its end can tell the callers.
// CA1. A request carries the caller's ticket behind its payload. While the request is unread, the code that discards it
//      stores the call's result in place of a reply. When the request is received, its ticket is noted here.
//
// A ticket is not removed by the reply: it is just not awaited any more. Such tickets are dropped from the front at
// each request, and everywhere when the array has reached twice the length that it had after the last such cleaning. So
// a server that replies in order keeps one ticket, and no server keeps more than 16, or twice as many as were open at
// the last cleaning.

/// The tickets of requests that were received, the oldest first.
struct OpenCalls {
  private var tickets: [WaitTicket] = []
  /// The index of the first ticket that has not been dropped.
  private var start = 0
  /// The length at which all tickets are checked.
  private var checkLength = 16
  /// The number of messages that the process had sent when it received a request and no other was open; -1 once it has
  /// given something to others in another way.
  private var sentThen = 0

  /// Notes the ticket of a request that was received.
  ///
  /// `sent` is the number of messages that the process has sent so far.
  mutating func note(_ ticket: WaitTicket, sent: Int) {
    dropFront()
    if start == tickets.count {
      tickets.removeAll(keepingCapacity: true)
      start = 0
      sentThen = sent
    } else if tickets.count >= checkLength {
      tickets = tickets[start...].filter(\.isAwaited)
      start = 0
      checkLength = max(16, tickets.count * 2)
    }
    tickets.append(ticket)
  }

  /// Notes that the process may have handed the address of a reply to another process, in another way than by a
  /// message.
  mutating func noteHandOn() { sentThen = -1 }

  /// Whether another process may have the address of a reply that is awaited, given the number of messages that this
  /// process has sent.
  ///
  /// True unless the process has sent nothing since it received the oldest request that is open.
  mutating func mayBeElsewhere(sent: Int) -> Bool {
    dropFront()
    return start < tickets.count && sentThen != sent
  }

  /// Whether a request with that ticket was received.
  func contains(_ ticket: WaitTicket) -> Bool { tickets[start...].contains(ticket) }

  /// Drops the tickets at the front that are not awaited any more.
  private mutating func dropFront() {
    while start < tickets.count, !tickets[start].isAwaited { start += 1 }
  }

  /// Takes out all tickets; allocates nothing.
  mutating func takeAll() -> OpenCalls {
    defer { self = OpenCalls() }
    return self
  }

  /// Calls the body with each ticket, the oldest first.
  func each(_ body: (WaitTicket) -> Void) {
    for index in start..<tickets.count { body(tickets[index]) }
  }

  var isEmpty: Bool { tickets.isEmpty }
}

extension Handle<ProcessRecord> {
  /// Whether another process may reply to a request that this one has received: called by the process itself.
  ///
  /// `hasSent` is the number of messages that it has sent only for the wait that begins.
  @inline(__always)
  func mayReplyElsewhere(hasSent: Int) -> Bool {
    extrasAddress != 0 && servicesIfAny!.it.calls.mayBeElsewhere(sent: it.usage.sent.total - hasSent)
  }

  /// Notes that the process gives something to another one in another way than by a message: by a spawn, a closure of
  /// `blocking`, a timer, a channel, a reply, the value of a lock, or a closure that makes messages while it waits.
  ///
  /// Costs a reduction unless the caller charges some itself: by that a call knows that the closure that made its
  /// request did this.
  @inline(__always)
  func noteHandOn(isPaid: Bool = false) {
    if !isPaid { charge(1) }
    if extrasAddress != 0 { servicesIfAny!.it.calls.noteHandOn() }
  }
}
