// SPDX-License-Identifier: Apache-2.0
//
// Processes that do what they are sent, from which the tests of deadlocks build their circles.

import Joist
import TestSupport
import Testing

/// What a worker is to do; a request is an order that ends with a reply.
struct Order: Sendable {
  let run: @Sendable (ProcessContext<Order>) throws -> Void

  init(_ run: @escaping @Sendable (ProcessContext<Order>) throws -> Void) { self.run = run }

  /// A message of which nothing follows.
  static var nothing: Order { Order { _ in } }

  /// A request that is replied to at once.
  static func request(_ reply: ReplyTo<Void>) -> Order { Order { _ in reply.send() } }
}

typealias Worker = ProcessRef<Order>

extension ProcessRuntime {
  /// Spawns a process that carries out one order after the other.
  func spawnWorker(_ name: String? = nil, mailbox: SpawnOptions.Mailbox = .unbounded) -> Worker {
    spawn(Order.self, options: .init(name: name, mailbox: mailbox)) { process in
      while true { try process.receive().run(process) }
    }
  }

  func spawnWorkers(_ count: Int) -> [Worker] { (0..<count).map { _ in spawnWorker() } }

  /// The circles that were reported as certain, and those that were reported as stuck for now.
  var deadlocksReported: [Deadlock] {
    recentReports.compactMap { if case .deadlock(let deadlock) = $0.event { deadlock } else { nil } }
  }
  var stuckReported: [Deadlock] {
    recentReports.compactMap { if case .stuckForNow(let deadlock) = $0.event { deadlock } else { nil } }
  }
}

extension ProcessContext where Message: ~Copyable {
  /// Calls a worker, which carries the order out and then replies.
  func ask(
    _ worker: Worker,
    timeout: Duration? = nil,
    _ run: @escaping @Sendable (ProcessContext<Order>) throws -> Void = { _ in }
  ) throws {
    try call(worker, timeout: timeout) { (reply: ReplyTo<Void>) in
      Order { process in
        try run(process)
        reply.send()
      }
    }
  }
}

extension Worker {
  /// Has the worker call another one, and log how that ended.
  func sendCall(_ other: Worker, timeout: Duration? = nil, _ log: Log<String>? = nil) {
    send(
      Order { process in
        do {
          try process.ask(other, timeout: timeout)
          log?.add("replied")
        } catch let error as CallError {
          log?.add("\(error)")
        }
      }
    )
  }
}

extension Deadlock {
  /// The circle in short words, from the process with the lowest identity on: its index among the workers, what it
  /// waits in, and the index of the process that it waits for.
  func words(_ workers: [Worker]) -> String {
    let index = { (id: ProcessID) in workers.firstIndex { $0.id == id }.map { "\($0)" } ?? "?" }
    let first = waits.indices.min { waits[$0].process < waits[$1].process }!
    let turned = waits[first...] + waits[..<first]
    return turned.map { "\(index($0.process)) \($0.reason) \(index($0.awaited))" }.joined(separator: ", ")
  }
}
