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

  /// Notes the ticket of a request that was received.
  mutating func note(_ ticket: WaitTicket) {
    while start < tickets.count, !tickets[start].isAwaited { start += 1 }
    if start == tickets.count {
      tickets.removeAll(keepingCapacity: true)
      start = 0
    } else if tickets.count >= checkLength {
      tickets = tickets[start...].filter(\.isAwaited)
      start = 0
      checkLength = max(16, tickets.count * 2)
    }
    tickets.append(ticket)
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
