// SPDX-License-Identifier: Apache-2.0
//
// Dumps of a runtime, as text and as lines of JSON.

import Joist
import JoistObservation
import TestSupport
import Testing

/// The function in which many processes of a test are parked.
@inline(never) private func parkHere(_ process: ProcessContext<Int>) throws -> Int { try process.receive() + 1 }

/// The function in which fewer are.
@inline(never) private func parkThere(_ process: ProcessContext<Int>) throws -> Int { try process.receive() + 2 }

@Suite struct DumpTests {
  private let simulation: HandDriven
  private var runtime: ProcessRuntime { simulation.runtime }

  init() throws { simulation = try HandDriven() }

  private func dump(
    asJSON: Bool = false,
    limitBytes: Int = 64 << 20,
    longest: Duration = .seconds(30)
  ) -> [UInt8] {
    RuntimeInspector(runtime).dump(asJSON: asJSON, limitBytes: limitBytes, longest: longest)
  }

  @Test func `O1: a dump has each process with its name, its state, what it waits for and its messages`() throws {
    let receiver = runtime.spawn(Int.self, options: .init(name: "receiver")) { process in
      while true { _ = try process.receive() }
    }
    let sleeper = runtime.spawn(Int.self, options: .init(name: "sleeper", priority: .high)) { process in
      try process.sleep(for: .seconds(10))
    }
    simulation.run(passingTime: false)
    for number in 0..<3 { receiver.send(number) }
    simulation.run(passingTime: false)
    for number in 0..<4 { sleeper.send(number) }
    let ready = runtime.spawn { try $0.yield() }
    let sections = [DumpSection](text: dump())
    let ids = [receiver.id, sleeper.id, ready.id]
    #expect(Set(sections.of("process:").map(\.name)) == Set(ids.map { "process:\($0)" }))
    let (first, second) = (try #require(sections.process("receiver")), try #require(sections.process("sleeper")))
    #expect(first.name == "process:\(receiver.id)" && first.values["state"] == "waiting: receive")
    #expect(first.values["messages"] == "3 in, 0 out" && first.values["mailbox"]?.hasPrefix("0, longest") == true)
    #expect(second.values["state"] == "waiting: sleep" && second.values["priority"] == "high")
    #expect(second.values["mailbox"]?.hasPrefix("4, longest") == true)
    let third = try #require(sections.first { $0.name == "process:\(ready.id)" })
    #expect(third.values["name"] == nil && third.values["state"]?.hasPrefix("waiting") == false)
    let counts = try #require(sections.of("processes").first?.values)
    #expect(Set(counts.keys) == ["running", "ready", "waiting"])
    #expect(counts.values.compactMap { Int($0) }.reduce(0, +) == 3)
    #expect(sections.first?.name == "joist" && sections.last == DumpSection(name: "end"))
    for section in ["memory", "counters", "scheduler:0", "histogram:messageLatency", "waits"] {
      #expect(sections.contains { $0.name == section }, "\(section)")
    }
  }

  @Test func `O1: a dump has each stack once, with the number of processes and some of them, the most frequent first`()
    throws
  {
    let few = (0..<5).map { _ in runtime.spawn(Int.self) { _ = try parkThere($0) } }
    let crowd = (0..<30).map { _ in runtime.spawn(Int.self) { _ = try parkHere($0) } }
    simulation.run(passingTime: false)
    let stacks = [DumpSection](text: dump()).of("stack:")
    #expect(stacks.map(\.name) == ["stack:1", "stack:2"])
    #expect(stacks.map { $0.values["processes"] } == ["30", "5"])
    #expect(stacks.allSatisfy { $0.values["state"] == "receive" })
    for (stack, processes) in zip(stacks, [crowd, few]) {
      #expect(stack.values["examples"] == processes.prefix(3).map { "\($0.id)" }.joined(separator: ", "))
    }
    for (stack, function) in zip(stacks, ["parkHere", "parkThere"]) {
      #expect(stack.lines.contains { $0.contains(function) }, "\(stack.lines)")
    }
  }

  @Test func `O1: a dump says who waits for whom, and which waits are a circle`() throws {
    let server = runtime.spawn(ReplyTo<Int>.self, options: .init(name: "server")) { process in
      try process.sleep(for: .seconds(10))
    }
    let caller = runtime.spawn(options: .init(name: "caller")) { process in _ = try process.call(server) { $0 } }
    simulation.run(passingTime: false)
    let waits = try #require([DumpSection](text: dump()).of("waits").first)
    #expect(waits.values["count"] == "1" && waits.lines.count == 1)
    #expect(waits.lines[0].hasPrefix("caller \(caller.id) waits in call for server \(server.id), for "))
    #expect([DumpSection](text: dump()).of("deadlock").isEmpty)
    let addresses = Log<ProcessRef<ReplyTo<Int>>>()
    for number in 0..<2 {
      let process = runtime.spawn(ReplyTo<Int>.self, options: .init(name: "circle \(number)")) { process in
        while addresses.entries.count < 2 { try process.yield() }
        _ = try process.call(addresses.entries[1 - number]) { $0 }
      }
      addresses.add(process)
    }
    simulation.run(passingTime: false)
    let circle = try #require([DumpSection](text: dump()).of("deadlock:").first)
    #expect(circle.lines.count == 2)
    for number in 0..<2 { #expect(circle.lines.contains { $0.hasPrefix("circle \(number) ") }) }
  }

  @Test func `O1: each line of a dump as JSON is an object, and they have the sections and values of the text`() throws
  {
    for number in 0..<10 {
      runtime.spawn(Int.self, options: .init(name: "worker \(number)")) { _ = try parkHere($0) }
    }
    simulation.run(passingTime: false)
    let (json, text) = (try [DumpSection](json: dump(asJSON: true)), [DumpSection](text: dump()))
    #expect(json.map(\.name) == text.map(\.name))
    #expect(json.of("process:") == text.of("process:") && json.of("scheduler:").count == 1)
    #expect(json.last == DumpSection(name: "end"))
  }

  @Test func `O1: a name with control characters stays in its line of a dump`() throws {
    let name = "bad\n=end\n\u{1B}[2J\r\u{7F}\"\\\t\u{85}"
    runtime.spawn(Int.self, options: .init(name: name)) { _ = try parkHere($0) }
    simulation.run(passingTime: false)
    let bytes = dump()
    #expect(bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\n") })
    let text = [DumpSection](text: bytes)
    #expect(text.of("end").count == 1 && text.process("bad?=end??[2J??\"\\??") != nil)
    let json = try [DumpSection](json: dump(asJSON: true))
    #expect(json.of("end").count == 1 && json.process(name) != nil)
  }

  @Test func `O1: a dump of twenty thousand processes has them all, or is cut at its limit of bytes and says so`()
    throws
  {
    let count = many(20_000)
    for _ in 0..<count { runtime.spawn(Int.self) { _ = try parkHere($0) } }
    simulation.run(passingTime: false)
    for asJSON in [false, true] {
      let all = dump(asJSON: asJSON)
      let sections = try asJSON ? [DumpSection](json: all) : [DumpSection](text: all)
      #expect(sections.of("process:").count == count)
      #expect(sections.of("stack:").map { $0.values["processes"] } == ["\(count)"])
      #expect(sections.last == DumpSection(name: "end"))
      for limit in [1_024, 100_000, all.count / 2] {
        let cut = dump(asJSON: asJSON, limitBytes: limit)
        let sections = try asJSON ? [DumpSection](json: cut) : [DumpSection](text: cut)
        #expect(cut.count <= limit && (cut.count > limit / 2 || limit < 10_000), "\(limit)")
        #expect(sections.last?.name == "end" && sections.last?.values["cut"]?.contains("\(limit) bytes") == true)
      }
    }
  }

  @Test func `O1: a dump of twenty thousand processes is cut at its limit of time, and says so`() throws {
    for _ in 0..<many(20_000) { runtime.spawn(Int.self) { _ = try parkHere($0) } }
    simulation.run(passingTime: false)
    let complete = dump().count
    for limit in [Duration.zero, .milliseconds(1)] {
      let began = ContinuousClock.now
      let cut = dump(longest: limit)
      #expect(ContinuousClock.now - began < .seconds(10))
      let sections = [DumpSection](text: cut)
      #expect(cut.count < complete && sections.last?.values["cut"] != nil, "\(limit)")
    }
  }

  @Test func `O1: a dump has no contents of messages`() throws {
    struct Password: CustomStringConvertible, Sendable {
      let description: String
    }
    let full = runtime.spawn(Password.self, options: .init(name: "full")) { process in
      _ = try process.receive()
      try process.sleep(for: .seconds(10))
    }
    let server = runtime.spawn(ReplyTo<Password>.self) { process in
      let reply = try process.receive()
      try process.sleep(for: .seconds(10))
      reply.send(Password(description: "a secret"))
    }
    runtime.spawn { process in
      process.mark("secretly")
      _ = try process.call(server) { $0 }
    }
    for _ in 0..<10 { full.send(Password(description: "a secret")) }
    simulation.run(passingTime: false)
    for asJSON in [false, true] {
      let text = String(decoding: dump(asJSON: asJSON), as: UTF8.self)
      #expect(text.contains("full") && !text.contains("secret"))
    }
  }
}
