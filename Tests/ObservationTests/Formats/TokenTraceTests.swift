// SPDX-License-Identifier: Apache-2.0
//
// A trace of one request among others, found by its token.

import Joist
import JoistObservation
import TestSupport
import Testing

@Suite struct TokenTraceTests {
  /// A trace of a server that works for two requests, for each of which it spawns a process for a part of the work.
  ///
  /// No process ends, because a recording has the names of living ones only.
  private func trace() throws -> ExecutionTrace {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let server = runtime.spawn(Int.self, options: .init(name: "server")) { server in
      while true {
        let number = try server.receive()
        let part = server.spawn(Int.self, options: .init(name: "part \(number)")) { part in
          while true { _ = try part.receive() }
        }
        part.send(number)
      }
    }
    runtime.spawn(Int.self, options: .init(name: "idle")) { _ = try $0.receive() }
    for number in 1...2 {
      runtime.spawn(Int.self, options: .init(name: "request \(number)")) { request in
        request.traceToken = TraceToken(UInt64(number))
        server.send(number)
        _ = try request.receive()
      }
    }
    runtime.recorder.level = .messages
    simulation.run()
    return try ExecutionTrace(recording: runtime.recorder.recording)
  }

  /// The tracks on which a trace has events, without identities.
  private func names(_ trace: ExecutionTrace) -> Set<String> {
    let used = trace.slices.map(\.track) + trace.instants.map(\.track)
    let processes = Set(used).map { trace.tracks[Int($0)] }.filter { $0.kind == .process }
    return Set(processes.map { String($0.name.split(separator: " #")[0]) })
  }

  @Test func `O1: a trace of one token has only the processes that worked for it, and what they did meanwhile`() throws
  {
    let all = try trace()
    #expect(names(all).isSuperset(of: ["server", "idle", "request 1", "request 2"]))
    let one = all.keeping(try #require(TraceToken(1)))
    #expect(names(one).contains("server") && names(one).contains("request 1"))
    #expect(names(one).isDisjoint(with: ["idle", "request 2"]))
    #expect(one.eventCount > 0 && one.eventCount < all.eventCount)
    #expect(all.keeping(try #require(TraceToken(77))).eventCount == 0)
  }

  @Test func `O1: a process spawned for a request has its token in the trace, as its parent had then`() throws {
    let all = try trace()
    let spans = all.tokenSpans.filter { all.tracks[Int($0.track)].kind == .process }
    // The request, the server while it worked for it, and the part.
    for token in [UInt64(1), 2] { #expect(Set(spans.filter { $0.token == token }.map(\.track)).count == 3) }
    #expect(spans.allSatisfy { $0.start <= $0.end })
  }
}
