// SPDX-License-Identifier: Apache-2.0
//
// Trace tokens: how they go from process to process, and what a recording says of them.

import Joist
import TestSupport
import Testing

/// A message that is larger than the smallest nodes, and aligned to more than a word.
private struct Wide: Sendable {
  var numbers = SIMD8<Int64>(repeating: 7)
  var text = "a text that is too long to lie in the string itself"
}

@Suite struct TokenTests {
  private let token = TraceToken(0x1234)!

  /// Runs the body in a process, and returns what it and the processes that it uses have logged.
  private func logged(_ body: @escaping @Sendable (ProcessContext<Int>, Log<TraceToken?>) throws -> Void) throws
    -> [TraceToken?]
  {
    let log = Log<TraceToken?>()
    let simulation = try HandDriven()
    simulation.runtime.spawn(Int.self) { try body($0, log) }
    simulation.run()
    return log.entries
  }

  @Test func `O1: a message carries its sender's token, and one without a token takes the receiver's away`() throws {
    let token = token
    let seen = try logged { process, log in
      let receiver = process.spawn(Int.self) { receiver in
        while true {
          _ = try receiver.receive()
          log.add(receiver.traceToken)
        }
      }
      process.traceToken = token
      receiver.send(1)
      process.traceToken = nil
      receiver.send(2)
      process.traceToken = TraceToken(5)
      receiver.send(3)
    }
    #expect(seen == [token, nil, TraceToken(5)])
  }

  @Test func `O1: calls, messages for later and spawned processes carry the token`() throws {
    let token = token
    let seen = try logged { process, log in
      let server = process.spawn(ReplyTo<Int>.self) { server in
        let reply = try server.receive()
        log.add(server.traceToken)
        reply.send(1)
      }
      let later = process.spawn(Int.self) { later in
        _ = try later.receive()
        log.add(later.traceToken)
      }
      process.traceToken = token
      _ = try process.call(server) { (reply: ReplyTo<Int>) in reply }
      log.add(process.traceToken)
      process.spawn { log.add($0.traceToken) }
      process.spawn(options: .init(priority: .high)) { log.add($0.traceToken) }
      process.sendAfter(.seconds(1), to: later, 1)
    }
    #expect(seen == [token, token, token, token, token])
  }

  @Test func `O1: a message with a token arrives whole, whatever its size and alignment`() throws {
    let token = token
    let texts = Log<String>()
    let seen = try logged { process, log in
      let wide = process.spawn(Wide.self) { wide in
        for _ in 0..<2 {
          let message = try wide.receive()
          texts.add("\(message.numbers.wrappedSum()) \(message.text)")
          log.add(wide.traceToken)
        }
      }
      let empty = process.spawn(Void.self) { empty in
        try empty.receive()
        log.add(empty.traceToken)
      }
      process.traceToken = token
      wide.send(Wide())
      empty.send(())
      process.traceToken = nil
      wide.send(Wide())
    }
    #expect(seen.filter { $0 == token }.count == 2 && seen.filter { $0 == nil }.count == 1)
    #expect(Set(texts.entries) == ["56 \(Wide().text)"] && texts.entries.count == 2)
  }

  @Test func `O1: the next process of a record begins without the token of the last one`() throws {
    let token = token
    let seen = try logged { process, log in
      for _ in 0..<4 {
        let first = process.spawn { $0.traceToken = token }
        _ = try process.join(first)
        let next = process.spawn { log.add($0.traceToken) }
        _ = try process.join(next)
      }
    }
    #expect(seen == [nil, nil, nil, nil])
  }

  @Test func `O1: a bounded mailbox and a token do not hide each other`() throws {
    let token = token
    let seen = try logged { process, log in
      let options = SpawnOptions(mailbox: .bounded(2, whenFull: .block))
      let receiver = process.spawn(Int.self, options: options) { receiver in
        for _ in 0..<6 {
          _ = try receiver.receive()
          log.add(receiver.traceToken)
        }
      }
      for number in 0..<6 {
        process.traceToken = number < 3 ? token : nil
        receiver.send(number)
      }
    }
    #expect(seen == [token, token, token, nil, nil, nil])
  }

  @Test func `O1: a recording tells from when a process has a token`() throws {
    let simulation = try HandDriven()
    let token = token
    let receiver = simulation.runtime.spawn(Int.self) { receiver in
      _ = try receiver.receive()
      _ = try receiver.receive()
    }
    simulation.runtime.spawn { process in
      process.traceToken = token
      receiver.send(1)
      process.traceToken = nil
      receiver.send(2)
    }
    simulation.run()
    let told = try simulation.runtime.happenings().compactMap { event -> TraceToken?? in
      if case .token(let token) = event.kind, event.process == receiver.id { token } else { nil }
    }
    #expect(told == [token, nil])
  }

  @Test func `O1: a token is a number of 59 bits that is not zero, and its text leads back to it`() {
    #expect(TraceToken(0) == nil && TraceToken(1 << 59) == nil && TraceToken(1 << 59 + 3)?.number == 3)
    let largest = TraceToken(.max)!
    #expect(largest.number == 1 << 59 - 1 && TraceToken("\(largest)") == largest && "\(largest)" == "7ffffffffffffff")
    for text in ["", "0", "x", "-1", "800000000000000", "1 "] { #expect(TraceToken(text) == nil, "\(text)") }
  }
}
