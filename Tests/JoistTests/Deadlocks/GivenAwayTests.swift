// SPDX-License-Identifier: Apache-2.0
//
// More ways in which a circle ends after all: a caller gives the address of its reply away while it makes the request,
// or a server does so in a lock that it held before, or in a closure that runs while it waits.

import Joist
import TestSupport
import Testing

@Suite struct GivenAwayTests {
  /// Has a client give the address of its reply away while it makes a request to a server, which then calls the client
  /// back; returns how many of the two go on, or nil if their circle is called certain.
  private func goOn(
    _ simulation: HandDriven,
    giving give: @escaping @Sendable (ProcessContext<Order>, ReplyTo<Void>) -> Void
  ) -> Int? {
    let (server, done) = (simulation.runtime.spawnWorker(), Count())
    simulation.runtime.spawn(Order.self) { client in
      try client.sleep(for: .milliseconds(1))
      let ref = client.ref
      try client.call(server) { (address: ReplyTo<Void>) in
        give(client, address)
        return Order { process in
          try process.ask(ref)
          done.add()
        }
      }
      done.add()
      while true { try client.receive().run(client) }
    }
    simulation.run()
    return simulation.runtime.deadlocksReported.isEmpty ? done.total : nil
  }

  @Test func `O3: an address that a caller gives away before it sleeps, and then sends the request, makes no alarm`()
    throws
  {
    let simulation = try HandDriven()
    let helper = simulation.runtime.spawn(ReplyTo<Void>.self) { process in try process.receive().send() }
    let done = goOn(simulation) { process, address in
      process.sendAfter(.seconds(1), to: helper, address)
      try? process.sleep(for: .milliseconds(1))
    }
    #expect(done == 2)
  }

  @Test func `O3: an address that a caller leaves in a lock before it sends the request makes no alarm`() throws {
    let simulation = try HandDriven()
    let stored = ProcessLock<ReplyTo<Void>?>(nil)
    simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(1))
      stored.withLock { $0?.send() }
    }
    #expect(goOn(simulation) { _, address in stored.withLock { $0 = address } } == 2)
  }

  @Test func `O3: an address that a caller puts into a channel before it sends the request makes no alarm`() throws {
    let simulation = try HandDriven()
    let channel = ProcessChannel<ReplyTo<Void>>(capacity: 1)
    simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(1))
      try channel.receive()?.send()
    }
    #expect(goOn(simulation) { _, address in _ = try? channel.trySend(address) } == 2)
  }

  @Test func `O3: an address that a server leaves in a lock that it held before the request came makes no alarm`()
    throws
  {
    let stage = try HandOn()
    let (client, log, kept) = (stage.client, stage.log, Log<ReplyTo<Void>>())
    let stored = ProcessLock<ReplyTo<Void>?>(nil)
    stage.server.send(
      Order { process in
        try stored.withLock { value in
          try process.receive().run(process)
          value = kept.entries[0]
        }
        try process.ask(client)
        log.add("server")
      }
    )
    stage.simulation.run()
    stage.simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(1))
      stored.withLock { $0?.send() }
    }
    let server = stage.server
    client.send(
      Order { process in
        try process.call(server) { (address: ReplyTo<Void>) in Order { _ in kept.add(address) } }
        log.add("client")
      }
    )
    stage.simulation.run()
    #expect(stage.wentOn)
  }

  @Test func `O3: an address to which the closure of a monitor or of trapped exits replies makes no alarm`() throws {
    for isMonitored in [false, true] {
      let stage = try HandOn()
      let runtime = stage.simulation.runtime
      let mortal = runtime.spawn { process in try process.sleep(for: .seconds(1)) }
      stage.server.send(Order { process in process.trapExits { _ in .nothing } })
      stage.simulation.run(passingTime: false)
      runtime.spawn { process in
        try process.sleep(for: .seconds(2))
        // The server takes in the news of the monitor together with this signal.
        stage.server.exit(.shutdown)
      }
      stage.run { process, address in
        if isMonitored {
          process.monitor(mortal) { _ in
            address.send()
            return .nothing
          }
        } else {
          process.trapExits { _ in
            address.send()
            return .nothing
          }
        }
      }
      #expect(stage.wentOn)
    }
  }
}
