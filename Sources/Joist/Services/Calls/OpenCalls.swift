// SPDX-License-Identifier: Apache-2.0
//
// Calls that a process has read and may still answer, so that its end can tell those who wait.
// CA1. A request carries the ticket of who waits behind its payload. While it is unread, whoever throws it away answers
//      in its place; when it is read, the ticket is noted here.
// CA2. What was answered is not taken out: the ticket just is not awaited any more. Such tickets are dropped from the
//      front at each request, and everywhere when half as many again have come. So a server that answers in order
//      keeps one, and none keeps more than twice of what is open.

/// The tickets, oldest first (CA2).
struct OpenCalls {
  private var tickets: [WaitTicket] = []
  /// Before it nothing is left.
  private var start = 0
  /// Looked at everywhere when there are so many.
  private var most = 16

  /// One more.
  mutating func note(_ ticket: WaitTicket) {
    while start < tickets.count, !tickets[start].isAwaited { start += 1 }
    if start == tickets.count {
      tickets.removeAll(keepingCapacity: true)
      start = 0
    } else if tickets.count >= most {
      tickets = tickets[start...].filter(\.isAwaited)
      start = 0
      most = max(16, tickets.count * 2)
    }
    tickets.append(ticket)
  }

  /// Takes all of them; allocates nothing.
  mutating func takeAll() -> OpenCalls {
    defer { self = OpenCalls() }
    return self
  }

  /// Does something with each ticket, the oldest first.
  func each(_ body: (WaitTicket) -> Void) {
    for index in start..<tickets.count { body(tickets[index]) }
  }

  var isEmpty: Bool { tickets.isEmpty }
}
