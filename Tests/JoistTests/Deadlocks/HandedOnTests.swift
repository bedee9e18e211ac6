// SPDX-License-Identifier: Apache-2.0
//
// Replies that come from a third process, and other ways in which a circle of waits ends after all: no alarm.

import Joist
import TestSupport
import Testing

/// A client that calls a server, which hands the address of the reply on and then calls the client back: a circle,
/// until a third process replies to the client.
struct HandOn {
  typealias Address = ReplyTo<Void>

  let simulation: HandDriven
  let client, server: Worker
  /// A process that replies to the addresses that it gets, each after a second.
  let helper: ProcessRef<Address>
  let log = Log<String>()

  init() throws {
    simulation = try HandDriven()
    client = simulation.runtime.spawnWorker()
    server = simulation.runtime.spawnWorker()
    helper = simulation.runtime.spawn(Address.self) { process in
      while true {
        let address = try process.receive()
        try process.sleep(for: .seconds(1))
        address.send()
      }
    }
  }

  /// Runs the client and the server, which hands the address on by `body`.
  func run(_ body: @escaping @Sendable (ProcessContext<Order>, Address) throws -> Void) {
    let (client, server, log) = (client, server, log)
    client.send(
      Order { process in
        try process.call(server) { (address: Address) in
          Order { process in
            try body(process, address)
            try process.ask(client)
            log.add("server")
          }
        }
        log.add("client")
      }
    )
    simulation.run()
  }

  /// Whether client and server went on, and nothing was called certain.
  var wentOn: Bool { log.entries == ["client", "server"] && simulation.runtime.deadlocksReported.isEmpty }
}

/// Replies after a second.
@Sendable func replyLate(_ process: ProcessContext<Never>, _ address: ReplyTo<Void>) throws {
  try process.sleep(for: .seconds(1))
  address.send()
}

@Suite struct HandedOnTests {
  @Test func `O3: a circle in which no other process has the address of a reply is certain`() throws {
    let stage = try HandOn()
    stage.run { _, _ in }
    #expect(stage.log.entries.isEmpty && stage.simulation.runtime.deadlocksReported.count == 1)
  }

  @Test func `O3: an address that was sent in a message makes no alarm`() throws {
    let stage = try HandOn()
    let helper = stage.helper
    stage.run { _, address in helper.send(address) }
    #expect(stage.wentOn)
  }

  @Test func `O3: an address that was sent in the request of another call makes no alarm`() throws {
    let stage = try HandOn()
    let helper = stage.helper
    let other = stage.simulation.runtime.spawnWorker()
    stage.run { process, address in try process.ask(other) { _ in helper.send(address) } }
    #expect(stage.wentOn)
  }

  @Test func `O3: an address in a call that timed out makes no alarm`() throws {
    let stage = try HandOn()
    let other = stage.simulation.runtime.spawnWorker()
    stage.run { process, address in
      try? process.ask(other, timeout: .seconds(1)) { process in
        try process.sleep(for: .seconds(2))
        address.send()
      }
    }
    #expect(stage.wentOn)
  }

  @Test func `O3: an address that a spawned process captures makes no alarm`() throws {
    for hasOptions in [false, true] {
      let stage = try HandOn()
      stage.run { process, address in
        if hasOptions {
          process.spawn(options: .init(priority: .high)) { process in try replyLate(process, address) }
        } else {
          process.spawn { process in try replyLate(process, address) }
        }
      }
      #expect(stage.wentOn)
    }
  }

  @Test func `O3: an address that a process of another runtime captures makes no alarm`() throws {
    let stage = try HandOn()
    let other = try HandDriven()
    let runtime = other.runtime
    stage.run { _, address in runtime.spawn { process in try replyLate(process, address) } }
    #expect(stage.simulation.runtime.deadlocksReported.isEmpty)
    other.run()
    stage.simulation.run()
    #expect(stage.wentOn)
  }

  @Test func `O3: an address in a message that a timer sends makes no alarm`() throws {
    let stage = try HandOn()
    let helper = stage.helper
    stage.run { process, address in process.sendAfter(.seconds(1), to: helper, address) }
    #expect(stage.wentOn)
  }

  @Test func `O3: an address in a message that a timer of another runtime sends makes no alarm`() throws {
    let stage = try HandOn()
    let other = try HandDriven()
    let helper = other.runtime.spawn(ReplyTo<Void>.self) { process in try process.receive().send() }
    stage.run { process, address in process.sendAfter(.seconds(1), to: helper, address) }
    #expect(stage.simulation.runtime.deadlocksReported.isEmpty)
    other.run()
    stage.simulation.run()
    #expect(stage.wentOn)
  }

  @Test func `O3: an address that went through a channel makes no alarm`() throws {
    let stage = try HandOn()
    let channel = ProcessChannel<ReplyTo<Void>>(capacity: 1)
    stage.simulation.runtime.spawn { process in
      let address = try channel.receive()!
      try replyLate(process, address)
    }
    stage.run { _, address in try channel.send(address) }
    #expect(stage.wentOn)
  }

  @Test func `O3: an address that lies in a lock makes no alarm`() throws {
    let stage = try HandOn()
    let stored = ProcessLock<ReplyTo<Void>?>(nil)
    stage.simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(1))
      stored.withLock { $0?.send() }
    }
    stage.run { _, address in stored.withLock { $0 = address } }
    #expect(stage.wentOn)
  }

  @Test func `O3: an address that a closure of blocking takes elsewhere makes no alarm`() throws {
    let stage = try HandOn()
    let helper = stage.helper
    stage.run { process, address in process.blocking { helper.send(address) } }
    #expect(stage.wentOn)
  }

  @Test func `O3: an address that is the reply to a process that asked before makes no alarm`() throws {
    let stage = try HandOn()
    let server = stage.server
    let waiting = Log<ReplyTo<ReplyTo<Void>>>()
    // A process asks the server for work, and gets it when there is some.
    stage.simulation.runtime.spawn { process in
      let address = try process.call(server) { (work: ReplyTo<ReplyTo<Void>>) in Order { _ in waiting.add(work) } }
      try replyLate(process, address)
    }
    stage.simulation.run()
    stage.run { _, address in waiting.entries[0].send(address) }
    #expect(stage.wentOn)
  }

  @Test func `O3: an address that is stored, and read later by a process that the server has spawned, makes no alarm`()
    throws
  {
    let stage = try HandOn()
    let stored = Log<ReplyTo<Void>>()
    stage.run { process, address in
      stored.add(address)
      process.spawn { process in try replyLate(process, stored.entries[0]) }
    }
    #expect(stage.wentOn)
  }

  @Test func `O3: several addresses that a server keeps are certain until one of them is handed on`() throws {
    for isHandedOn in [false, true] {
      let simulation = try HandDriven()
      let workers = simulation.runtime.spawnWorkers(3)
      let (kept, done) = (Log<ReplyTo<Void>>(), Count())
      for client in 0..<2 {
        workers[client].send(
          Order { process in
            try process.call(workers[2]) { (address: ReplyTo<Void>) in Order { _ in kept.add(address) } }
            done.add()
          }
        )
      }
      workers[2].send(
        Order { process in
          for _ in 0..<2 { try process.receive().run(process) }
          if isHandedOn { process.spawn { process in try replyLate(process, kept.entries[0]) } }
          try process.ask(workers[0])
          done.add()
        }
      )
      simulation.run()
      #expect(done.total == (isHandedOn ? 2 : 0))
      #expect(simulation.runtime.deadlocksReported.count == (isHandedOn ? 0 : 1))
    }
  }

  @Test func `O3: a caller that gives the address to two processes itself makes no alarm`() throws {
    for isSpawned in [false, true] {
      let simulation = try HandDriven()
      let workers = simulation.runtime.spawnWorkers(3)
      let done = Count()
      workers[0].send(
        Order { process in
          try process.call(workers[1]) { (address: ReplyTo<Void>) in
            if isSpawned {
              process.spawn { process in try replyLate(process, address) }
            } else {
              workers[2].send(
                Order { process in
                  try process.sleep(for: .seconds(1))
                  address.send()
                }
              )
            }
            return Order { process in
              try process.ask(workers[0])
              done.add()
            }
          }
        }
      )
      simulation.run()
      #expect(done.total == 1 && simulation.runtime.deadlocksReported.isEmpty)
    }
  }

  @Test func `O3: a callee that discards its oldest messages makes no alarm, because the request may be discarded`()
    throws
  {
    let simulation = try HandDriven()
    let log = Log<String>()
    let client = simulation.runtime.spawnWorker()
    let server = simulation.runtime.spawnWorker(mailbox: .bounded(4, whenFull: .dropOldest))
    server.send(
      Order { process in
        try process.sleep(for: .seconds(1))
        try process.ask(client)
        log.add("server")
      }
    )
    client.sendCall(server, log)
    simulation.run()
    #expect(simulation.runtime.deadlocksReported.isEmpty)
    for _ in 0..<20 { server.send(.nothing) }
    simulation.run()
    #expect(log.entries.sorted() == ["discarded", "server"])
  }

  @Test func `O3: a server that is slow, sleeps, receives or waits for a semaphore makes no report`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let workers = runtime.spawnWorkers(4)
    let semaphore = ProcessSemaphore(permits: 0)
    workers[0].sendCall(workers[1])
    workers[1].send(Order { process in try process.sleep(for: .seconds(9)) })
    workers[2].sendCall(workers[3])
    workers[3].send(Order { _ in try semaphore.acquire() })
    simulation.run()
    semaphore.release()
    simulation.run()
    #expect(runtime.deadlocksReported.isEmpty && runtime.stuckReported.isEmpty)
  }
}
