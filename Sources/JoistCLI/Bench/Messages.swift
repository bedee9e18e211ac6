// SPDX-License-Identifier: Apache-2.0
//
// Scenarios about messages: between two processes, around a ring, from many to one, and past unread messages.

import Joist

extension Scenario {
  /// Two processes that answer each other.
  static let pingpong = Scenario(
    name: "pingpong",
    about: "ns per message between two processes, half of a round trip",
    parameters: [Parameter("trips", 1...1_000_000_000)],
    figures: [Figure("ns", "ns", "per message")],
    runs: [.one(1_000_000), .all(1_000_000)]
  ) { trial in
    let trips = trial.arguments[0]
    return try trial.inProcess(of: Void.self) { main in
      Outcome(["ns": try nanosecondsEach(trips) { try playBall(main, $0) } / 2])
    }
  }

  /// A token that is passed around a ring of processes.
  static let ring = Scenario(
    name: "ring",
    about: "ns per hop of a token around a ring of PROCESSES, ROUNDS times",
    parameters: [Parameter("processes", 1...10_000_000), Parameter("rounds", 1...1_000_000)],
    figures: [Figure("ns", "ns", "per hop")],
    runs: [.one(10_000, 100), .all(10_000, 100)]
  ) { trial in
    let (count, rounds) = (trial.arguments[0], trial.arguments[1])
    return try trial.inProcess(of: Void.self) { main in
      let first = makeRing(main, count)
      let each = try nanosecondsEach(count * rounds) { hops in
        first.send(.token(hops))
        try main.receive()
      }
      return Outcome(["ns": each])
    }
  }

  /// Many senders and one receiver.
  static let fanin = Scenario(
    name: "fanin",
    about: "ns per message from SENDERS processes to one; each sends MESSAGES",
    parameters: [Parameter("senders", 1...1_000_000), Parameter("messages", 1...1_000_000)],
    figures: [Figure("ns", "ns", "per message")],
    runs: [.one(100, 10_000), .all(100, 10_000)]
  ) { trial in
    let (senders, messages) = (trial.arguments[0], trial.arguments[1])
    return try trial.inProcess(of: Int.self) { main in
      let each = try nanosecondsEach(senders * messages) { count in
        try fanIn(main, senders, count / senders)
      }
      return Outcome(["ns": each])
    }
  }

  /// Call and reply past unread messages, which the caller does not have to scan.
  static let selective = Scenario(
    name: "selective",
    about: "ns per call and reply, while JUNK unread messages are not scanned",
    parameters: [Parameter("junk", 0...10_000_000), Parameter("calls", 1...1_000_000_000)],
    figures: [Figure("ns", "ns", "per call")],
    runs: [.all(10_000, 10_000)]
  ) { trial in
    let (junk, calls) = (trial.arguments[0], trial.arguments[1])
    return try trial.inProcess(of: Mail.self) { main in
      let echo = main.spawn(ReplyTo<Void>.self) { server in
        while true { try server.receive().send() }
      }
      for number in 0..<junk { main.ref.send(.junk(number)) }
      let each = try nanosecondsEach(calls) { count in
        for _ in 0..<count { try main.call(echo) { $0 } }
      }
      guard main.messageCount == junk else { throw BenchProblem("selective: unread messages were lost") }
      return Outcome(["ns": each])
    }
  }

  /// Request and reply with a plain tag, for which the receiver scans the unread messages.
  static let selectiveScan = Scenario(
    name: "selective_scan",
    about: "ns per request and reply, found by scanning past JUNK unread messages",
    parameters: [Parameter("junk", 0...10_000_000), Parameter("calls", 1...1_000_000_000)],
    figures: [Figure("ns", "ns", "per call")],
    runs: [.all(10_000, 10_000)]
  ) { trial in
    let (junk, calls) = (trial.arguments[0], trial.arguments[1])
    return try trial.inProcess(of: Mail.self) { main in
      let echo = main.spawn(Request.self) { server in
        while true {
          let request = try server.receive()
          request.from.send(.reply(request.tag))
        }
      }
      for number in 0..<junk { main.ref.send(.junk(number)) }
      let each = try nanosecondsEach(calls) { count in
        for _ in 0..<count {
          echo.send(Request(from: main.ref, tag: 42))
          _ = try main.receive(where: { $0.isReply(42) })
        }
      }
      return Outcome(["ns": each])
    }
  }
}

/// A message to the process that answers.
private enum Ball {
  case trip(Int)
  case stop
}

private func playBall(_ main: ProcessContext<Void>, _ trips: Int) throws {
  let done = main.ref
  main.spawn(Int.self) { ping in
    let back = ping.ref
    let other = ping.spawn(Ball.self) { pong in
      while case .trip(let number) = try pong.receive() { back.send(number) }
    }
    for number in 0..<trips {
      other.send(.trip(number))
      _ = try ping.receive()
    }
    other.send(.stop)
    done.send(())
  }
  try main.receive()
}

/// A message of the ring: the next member, sent to the last one only, or the token with the number of hops left.
private enum Hop {
  case next(ProcessRef<Hop>)
  case token(Int)
}

/// Spawns the members of a ring, closes it, and returns its first member.
private func makeRing(_ main: ProcessContext<Void>, _ count: Int) -> ProcessRef<Hop> {
  let done = main.ref
  let last = main.spawn(Hop.self) { process in
    if case .next(let next) = try process.receive() { try pass(process, next, done) }
  }
  var first = last
  for _ in 1..<count {
    let next = first
    first = main.spawn(Hop.self) { process in try pass(process, next, done) }
  }
  last.send(.next(first))
  return first
}

private func pass(_ process: ProcessContext<Hop>, _ next: ProcessRef<Hop>, _ done: ProcessRef<Void>) throws {
  while case .token(let left) = try process.receive() {
    if left > 1 { next.send(.token(left - 1)) } else { done.send(()) }
  }
}

private func fanIn(_ main: ProcessContext<Int>, _ senders: Int, _ messages: Int) throws {
  let done = main.ref
  main.spawn(Int.self) { receiver in
    let to = receiver.ref
    for _ in 0..<senders {
      receiver.spawn { sender in
        for number in 0..<messages {
          to.send(number)
          try sender.reduce(1)
        }
      }
    }
    var sum = 0
    for _ in 0..<(senders * messages) { sum += try receiver.receive() }
    done.send(sum)
  }
  let sum = try main.receive()
  guard sum == senders * messages * (messages - 1) / 2 else { throw BenchProblem("fanin: the sum is \(sum)") }
}

private struct Request {
  let from: ProcessRef<Mail>
  let tag: Int
}

private enum Mail {
  case junk(Int)
  case reply(Int)

  func isReply(_ tag: Int) -> Bool {
    if case .reply(tag) = self { true } else { false }
  }
}
